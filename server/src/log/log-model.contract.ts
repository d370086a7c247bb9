import fc from 'fast-check'
import { expect } from 'vitest'
import { AppendRefused, type LogEntry, type UpdateLog } from './log.ts'
import type { LogBed } from './log-bed.contract.ts'

/** What a log holds of one room, kept in the plainest way. */
interface ModelRoom {
  snapshot: Uint8Array | null
  entries: { position: number; update?: Uint8Array }[]
  position: number
  replies: Map<string, { at: number; output: number }>
}

type Model = Map<string, ModelRoom>

const room = fc.constantFrom('a', 'b', 'ö/1')
const eventId = fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6')
const entry = fc.record(
  {
    update: fc.uint8Array({ minLength: 1, maxLength: 1200 }),
    reply: fc.record({ eventId, at: fc.integer({ min: 0, max: 100 }), output: fc.integer() }),
  },
  { requiredKeys: [] },
)
const step = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      room,
      entries: fc.array(entry, { maxLength: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('compact' as const),
      room,
      back: fc.nat(5),
      state: fc.uint8Array({ maxLength: 3000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('prune' as const), before: fc.integer({ min: 0, max: 100 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('compare' as const), room }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Runs random steps against a log and against the model; they must agree at every step. A failure prints its seed. */
export async function checkAgainstModel(
  makeBed: () => LogBed,
  { reopen }: { reopen: boolean },
): Promise<void> {
  const steps = fc.array(step, { minLength: 20, maxLength: 150 })
  const property = fc.asyncProperty(steps, async (steps) => {
    const bed = makeBed()
    try {
      let log = await bed.open()
      const model: Model = new Map()
      for (const next of steps) {
        if (next.do !== 'reopen') await take(next, log, model)
        else if (reopen) {
          await log.close()
          log = await bed.open()
        }
      }
      for (const name of ['a', 'b', 'ö/1']) await compare(log, model, name)
      expect(await log.rooms('', 10)).toEqual([...model.keys()].sort())
    } finally {
      await bed.remove()
    }
  })
  await fc.assert(property, { seed: 4711, numRuns: 8, endOnFailure: true })
}

async function take(step: Exclude<Step, { do: 'reopen' }>, log: UpdateLog, model: Model): Promise<void> {
  switch (step.do) {
    case 'append': {
      const accepted = append(model, step.room, step.entries)
      const entries: LogEntry[] = step.entries.map(({ update, reply }) => ({
        update,
        reply: reply && { eventId: reply.eventId, at: reply.at, outcome: { ok: true, output: reply.output } },
      }))
      if (accepted)
        expect(await log.append(step.room, entries)).toEqual({
          position: model.get(step.room)?.position ?? 0,
        })
      else await expect(log.append(step.room, entries)).rejects.toBeInstanceOf(AppendRefused)
      break
    }
    case 'compact': {
      const found = model.get(step.room)
      if (!found) break
      const position = Math.max(0, found.position - step.back)
      await log.compact(step.room, position, step.state)
      compact(found, position, step.state)
      break
    }
    case 'prune': {
      let dropped = 0
      for (const { replies } of model.values())
        for (const [id, { at }] of replies) if (at < step.before && replies.delete(id)) dropped++
      expect(await log.prune({ replies: step.before, journal: 0 })).toBe(dropped)
      break
    }
    case 'compare':
      await compare(log, model, step.room)
  }
}

function append(model: Model, name: string, entries: Extract<Step, { do: 'append' }>['entries']): boolean {
  const ids = entries.flatMap(({ reply }) => (reply ? [reply.eventId] : []))
  const stored = model.get(name)
  if (new Set(ids).size < ids.length || ids.some((id) => stored?.replies.has(id))) return false
  if (entries.length === 0) return true
  const room: ModelRoom = stored ?? emptyRoom()
  model.set(name, room)
  for (const { update, reply } of entries) {
    room.entries.push({ position: ++room.position, update })
    if (reply) room.replies.set(reply.eventId, reply)
  }
  return true
}

function compact(room: ModelRoom, position: number, state: Uint8Array): void {
  const held = room.entries.filter((entry) => entry.position > position)
  if (held.length === room.entries.length) return
  room.entries = held
  room.snapshot = state
}

async function compare(log: UpdateLog, model: Model, name: string): Promise<void> {
  const room = model.get(name) ?? emptyRoom()
  expect(await log.load(name)).toEqual({
    snapshot: room.snapshot,
    note: null,
    updates: room.entries.flatMap(({ position, update }) => (update ? [{ position, update, by: null }] : [])),
    reacted: {},
    position: room.position,
    corrupt: [],
  })
  const ids = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6']
  const expected = ids
    .map((id) => room.replies.get(id))
    .map((reply) => (reply ? { ok: true, output: reply.output } : null))
  expect(await log.replies(name, ids)).toEqual(expected)
}

const emptyRoom = (): ModelRoom => ({ snapshot: null, entries: [], position: 0, replies: new Map() })
