import { createState, defineRoom, list, map, record, text } from '@interplay/shared'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { compare, type FieldChanges, isNothing, mergeChanges, noChanges } from './field-changes.ts'
import { noteEvents, rootsOf } from './field-events.ts'

const room = defineRoom('room', {
  state: { notes: map(z.string()), queue: list(z.string()), cards: map(record({ title: text() })) },
})
type FieldName = keyof typeof room.state

function open() {
  const doc = new Y.Doc()
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  const noted = new Map<FieldName, FieldChanges>()
  const names = Object.keys(room.state) as FieldName[]
  for (const name of names) {
    noted.set(name, noChanges())
    for (const root of rootsOf(doc, name, room.state[name]))
      root.type.observeDeep((events) => void noteEvents(noted.get(name)!.keys, root, events as never))
  }
  return { doc, state, noted, names }
}

const write = fc.record({
  at: fc.nat(3),
  what: fc.constantFrom('set', 'set', 'delete', 'push', 'remove', 'card', 'write', 'drop'),
  value: fc.constantFrom('a', 'b'),
})

type Write = typeof write extends fc.Arbitrary<infer W> ? W : never

function apply({ state }: ReturnType<typeof open>, { at, what, value }: Write, number: number): void {
  const key = String(at)
  const { notes, queue, cards } = state
  if (what === 'set') notes.set(key, value)
  else if (what === 'delete') notes.delete(key)
  else if (what === 'push') queue.push(`${number}`)
  else if (what === 'remove' && at < queue.length) queue.delete(at)
  else if (what === 'card') cards.set(key, { title: value })
  else if (what === 'write') cards.get(key)?.title.insert(0, value)
  else if (what === 'drop') cards.delete(key)
}

/** Applies a difference to what was there, as a reaction could. */
function replay(
  before: ReturnType<ReturnType<typeof open>['state']['toJSON']>,
  name: FieldName,
  changes: ReturnType<typeof compare>,
) {
  if (name === 'queue') {
    const items = before.queue.filter((item) => !changes.removed.some((gone) => gone.before === item))
    return [...items, ...changes.added.map(({ value }) => value)].sort()
  }
  const now: Record<string, unknown> = { ...before[name] }
  for (const { key, before: was } of changes.removed) {
    if (name === 'notes') expect(was).toBe(now[key])
    expect(delete now[key]).toBe(true)
  }
  for (const { key, value } of changes.added) {
    expect(now).not.toHaveProperty([key])
    now[key] = value
  }
  for (const { key, value, before: was } of changes.changed) {
    if (name === 'notes') expect(was).toBe(now[key])
    expect(now).toHaveProperty([key])
    now[key] = value
  }
  return now
}

test('[E8] a difference leads from what was to what is, also over a note that was kept as JSON', () => {
  fc.assert(
    fc.property(
      fc.array(write),
      fc.array(fc.array(write)),
      fc.array(fc.array(write)),
      (first, early, late) => {
        const world = open()
        let number = 0
        const run = (writes: readonly Write[]) =>
          world.doc.transact(() => {
            for (const each of writes) apply(world, each, number++)
          })
        run(first)
        const before = world.state.toJSON()
        for (const name of world.names) world.noted.set(name, noChanges())
        for (const turn of early) run(turn)
        const kept = new Map([...world.noted].map(([name, changes]) => [name, JSON.stringify(changes)]))
        for (const name of world.names) world.noted.set(name, noChanges())
        for (const turn of late) run(turn)
        const now = world.state.toJSON()
        for (const name of world.names) {
          const changes = mergeChanges(JSON.parse(kept.get(name)!), world.noted.get(name)!)
          const difference = compare(changes.keys, room.state[name], world.state[name])
          const expected = name === 'queue' ? [...now.queue].sort() : now[name]
          expect(replay(before, name, difference)).toEqual(expected)
          if (name === 'notes')
            expect(isNothing(difference)).toBe(
              JSON.stringify(Object.entries(before.notes).sort()) ===
                JSON.stringify(Object.entries(now.notes).sort()),
            )
        }
      },
    ),
    { seed: 4711, numRuns: 500 },
  )
})
