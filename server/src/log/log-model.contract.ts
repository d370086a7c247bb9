import fc from 'fast-check'
import { expect } from 'vitest'
import { AppendRefused, type JournalRow, type LogEntry, type StoredTask, type UpdateLog } from './log.ts'
import type { LogBed } from './log-bed.contract.ts'

/** What a log holds of one room, kept in the plainest way. */
interface ModelRoom {
  snapshot: Uint8Array | null
  note: string | null
  entries: { position: number; update?: Uint8Array; by?: string }[]
  position: number
  replies: Map<string, { at: number; output: number }>
  tasks: Map<string, StoredTask>
  reacted: Record<string, number>
  journal: JournalRow[]
}

type Model = Map<string, ModelRoom>

const room = fc.constantFrom('a', 'b', 'ö/1')
const eventId = fc.constantFrom('e1', 'e2', 'e3', 'e4', 'e5', 'e6')
const at = fc.integer({ min: 0, max: 100 })
const taskId = fc.constantFrom('t1', 't2', 'ö', '😀')
const task = fc.record({
  id: taskId,
  due: fc.oneof({ weight: 5, arbitrary: at }, { weight: 1, arbitrary: fc.constant(null) }),
  content: fc.string({ maxLength: 700 }),
})
const event = fc.constantFrom('add', 'drop')
const outcome = fc.constantFrom('ok', 'conflict')
const entry = fc.record(
  {
    update: fc.uint8Array({ minLength: 1, maxLength: 1200 }),
    by: fc.constantFrom('ada', 'ben'),
    reply: fc.record({ eventId, at, output: fc.integer() }),
    tasks: fc.array(fc.oneof(fc.record({ put: task }), fc.record({ drop: taskId })), { maxLength: 3 }),
    reacted: fc.dictionary(fc.constantFrom('notes', 'title'), fc.nat(9), { noNullPrototype: true }),
    journal: fc.record({ at, event, outcome, content: fc.string({ maxLength: 900 }) }),
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
      note: fc.option(fc.string({ maxLength: 400 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('prune' as const), replies: at, journal: at }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('compare' as const), room }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('due' as const), until: at, limit: fc.nat(6) }) },
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
      const entries: LogEntry[] = step.entries.map(({ reply, ...entry }) => ({
        ...entry,
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
      await log.compact(step.room, position, step.state, step.note)
      compact(found, position, step.state, step.note ?? null)
      break
    }
    case 'prune': {
      let dropped = 0
      for (const room of model.values()) {
        for (const [id, { at }] of room.replies) if (at < step.replies && room.replies.delete(id)) dropped++
        const kept = room.journal.filter(({ at }) => at >= step.journal)
        dropped += room.journal.length - kept.length
        room.journal = kept
      }
      expect(await log.prune({ replies: step.replies, journal: step.journal })).toBe(dropped)
      break
    }
    case 'due':
      await compareDue(log, model, step.until, step.limit)
      break
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
  for (const { update, by, reply, tasks, reacted, journal } of entries) {
    room.entries.push({ position: ++room.position, update, by })
    if (reply) room.replies.set(reply.eventId, reply)
    for (const change of tasks ?? [])
      if ('put' in change) room.tasks.set(change.put.id, change.put)
      else room.tasks.delete(change.drop)
    Object.assign(room.reacted, reacted)
    if (journal) room.journal.push({ position: room.position, ...journal })
  }
  return true
}

function compact(room: ModelRoom, position: number, state: Uint8Array, note: string | null): void {
  const held = room.entries.filter((entry) => entry.position > position)
  if (held.length === room.entries.length) return
  room.entries = held
  room.snapshot = state
  room.note = note
}

async function compare(log: UpdateLog, model: Model, name: string): Promise<void> {
  const room = model.get(name) ?? emptyRoom()
  expect(await log.load(name)).toEqual({
    snapshot: room.snapshot,
    note: room.note,
    updates: room.entries.flatMap(({ position, update, by = null }) =>
      update ? [{ position, update, by }] : [],
    ),
    reacted: room.reacted,
    position: room.position,
    corrupt: [],
  })
  const ids = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6']
  const expected = ids
    .map((id) => room.replies.get(id))
    .map((reply) => (reply ? { ok: true, output: reply.output } : null))
  expect(await log.replies(name, ids)).toEqual(expected)
  const tasks = ['t1', 't2', 'ö', '😀'].flatMap((id) => room.tasks.get(id) ?? [])
  expect(await log.tasks(name, '', 10)).toEqual(tasks)
  expect(await log.tasks(name, 't1', 1)).toEqual(tasks.filter(({ id }) => id !== 't1').slice(0, 1))
  expect(await log.journal(name, 0, 1000)).toEqual(room.journal)
  const middle = room.position >> 1
  expect(await log.journal(name, middle, 5, { event: 'add', outcome: 'ok' })).toEqual(
    room.journal
      .filter((row) => row.position > middle && row.event === 'add' && row.outcome === 'ok')
      .slice(0, 5),
  )
}

/** Those of one time have no order across rooms that the model could know. */
async function compareDue(log: UpdateLog, model: Model, until: number, limit: number): Promise<void> {
  const due = [...model].flatMap(([room, { tasks }]) =>
    [...tasks.values()].filter(({ due }) => due !== null && due <= until).map((task) => ({ room, ...task })),
  )
  const found = await log.dueTasks(until, limit)
  expect(found.map(({ due }) => due)).toEqual(
    due
      .map(({ due }) => due!)
      .sort((one, two) => one - two)
      .slice(0, limit),
  )
  for (const task of found) expect(due).toContainEqual(task)
  expect(new Set(found.map(({ room, id }) => `${room} ${id}`)).size).toBe(found.length)
}

const emptyRoom = (): ModelRoom => ({
  snapshot: null,
  note: null,
  entries: [],
  position: 0,
  replies: new Map(),
  tasks: new Map(),
  reacted: {},
  journal: [],
})
