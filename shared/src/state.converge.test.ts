import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { counter, createState, defineRoom, list, map, record, type StateOf, text, value } from './index.ts'

const room = defineRoom('room', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string(), by: z.number().optional() })),
    items: list(z.string()),
    score: counter(),
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    cards: map(record({ title: text(), tags: list(z.string()), votes: counter(), done: value(z.boolean()) })),
    rows: list(record({ name: value(z.string()), body: text() })),
    meta: record({
      author: value(z.string()),
      intro: text(),
      deep: record({ hits: counter(), tags: list(z.string()) }),
    }),
  },
})

type State = StateOf<typeof room>
type Operation = (state: State) => void

const string = fc
  .array(fc.constantFrom('a', 'b', ' ', '😀', 'é', '\ud800'), { maxLength: 5 })
  .map((parts) => parts.join(''))
const key = fc.constantFrom('k', 'l', '__proto__', 'constructor')
const index = fc.nat({ max: 20 })
const bool = fc.boolean()
const amount = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ min: -1, max: 1, noNaN: true }))

/** An index inside a length, whatever the number. */
const within = (at: number, length: number) => (length === 0 ? 0 : at % length)

const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.tuple(index, string).map(
    ([at, text]): Operation =>
      (state) =>
        state.title.insert(within(at, state.title.length + 1), text),
  ),
  fc.tuple(index, index).map(
    ([at, count]): Operation =>
      ({ title }) => {
        const from = within(at, title.length)
        title.delete(from, Math.min(count, title.length - from))
      },
  ),
  string.map(
    (text): Operation =>
      (state) =>
        state.title.replace(text),
  ),
  fc.tuple(key, string).map(
    ([id, text]): Operation =>
      (state) =>
        state.notes.set(id, { text }),
  ),
  fc.tuple(key, index).map(
    ([id, by]): Operation =>
      (state) =>
        state.notes.update(id, { by }),
  ),
  key.map(
    (id): Operation =>
      (state) =>
        state.notes.delete(id),
  ),
  string.map(
    (text): Operation =>
      (state) =>
        state.items.push(text, text),
  ),
  fc.tuple(index, string).map(
    ([at, text]): Operation =>
      (state) =>
        state.items.insert(within(at, state.items.length + 1), text),
  ),
  index.map(
    (at): Operation =>
      ({ items }) =>
        items.delete(within(at, items.length), Math.min(1, items.length)),
  ),
  fc.tuple(index, index).map(
    ([from, to]): Operation =>
      ({ items }) => {
        if (items.length > 0) items.move(within(from, items.length), within(to, items.length))
      },
  ),
  amount.map(
    (by): Operation =>
      (state) =>
        state.score.add(by),
  ),
  bool.map(
    (open): Operation =>
      (state) =>
        open ? state.status.delete() : state.status.set('closed'),
  ),
  fc.tuple(key, string).map(
    ([id, title]): Operation =>
      (state) =>
        state.cards.set(id, { title, tags: [title], votes: 1 }),
  ),
  fc.tuple(key, string).map(
    ([id, title]): Operation =>
      (state) =>
        state.cards.get(id)?.title.replace(title),
  ),
  fc.tuple(key, string).map(
    ([id, tag]): Operation =>
      (state) =>
        state.cards.get(id)?.tags.push(tag),
  ),
  fc.tuple(key, amount).map(
    ([id, by]): Operation =>
      (state) =>
        state.cards.get(id)?.votes.add(by),
  ),
  fc.tuple(key, bool).map(
    ([id, done]): Operation =>
      (state) =>
        state.cards.get(id)?.set({ done }),
  ),
  key.map(
    (id): Operation =>
      (state) =>
        state.cards.delete(id),
  ),
  fc.tuple(index, string).map(
    ([at, body]): Operation =>
      ({ rows }) =>
        rows.insert(within(at, rows.length + 1), { body, name: body }),
  ),
  fc.tuple(index, string).map(
    ([at, body]): Operation =>
      ({ rows }) =>
        rows.get(within(at, rows.length))?.body.replace(body),
  ),
  fc.tuple(index, index).map(
    ([from, to]): Operation =>
      ({ rows }) => {
        if (rows.length > 0) rows.move(within(from, rows.length), within(to, rows.length))
      },
  ),
  string.map(
    (author): Operation =>
      (state) =>
        state.meta.set({ author }),
  ),
  string.map(
    (text): Operation =>
      (state) =>
        state.meta.intro.replace(text),
  ),
  amount.map(
    (by): Operation =>
      (state) =>
        state.meta.deep.hits.add(by),
  ),
  string.map(
    (tag): Operation =>
      (state) =>
        state.meta.deep.tags.push(tag),
  ),
)

/** What one step of a run does: an operation at one replica, or the delivery of one waiting update to the other. */
const steps = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ at: fc.constantFrom(0, 1), operation: operations }) },
    { weight: 1, arbitrary: fc.record({ to: fc.constantFrom(0, 1), which: fc.nat() }) },
  ),
  { maxLength: 60 },
)

test('[S1] two replicas with random edits, exchanged in any order, end equal, byte for byte', () => {
  fc.assert(
    fc.property(steps, fc.integer(), (run, order) => {
      const replicas = [replica(1), replica(2)] as const
      const waiting: [Uint8Array[], Uint8Array[]] = [[], []]
      replicas[0].doc.on('update', (update, origin) => origin !== 'remote' && waiting[1].push(update))
      replicas[1].doc.on('update', (update, origin) => origin !== 'remote' && waiting[0].push(update))
      const deliver = (to: number, which: number) => {
        const [update] = waiting[to]!.splice(which % waiting[to]!.length, 1)
        if (update) Y.applyUpdate(replicas[to]!.doc, update, 'remote')
      }
      for (const step of run) {
        if ('operation' in step) step.operation(replicas[step.at]!.state)
        else deliver(step.to, step.which)
      }
      for (const to of [0, 1]) while (waiting[to]!.length > 0) deliver(to, Math.abs(order))
      const [left, right] = replicas.map(({ state }) => state.toJSON())
      expect(left).toEqual(right)
      expect(JSON.parse(JSON.stringify(left))).toEqual(left)
      expect(Y.encodeStateAsUpdate(replicas[0].doc)).toEqual(Y.encodeStateAsUpdate(replicas[1].doc))
      const late = replica(3)
      Y.applyUpdate(late.doc, Y.encodeStateAsUpdate(replicas[0].doc))
      expect(late.state.toJSON()).toEqual(left)
    }),
    { seed: 4711, numRuns: 400 },
  )
})

function replica(clientID: number) {
  const doc = new Y.Doc()
  doc.clientID = clientID
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  return { doc, state }
}
