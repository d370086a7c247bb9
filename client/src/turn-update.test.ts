import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { TurnUpdate } from './turn-update.ts'

type Edit = (text: Y.Text, notes: Y.Map<unknown>) => void

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(30), fc.string({ minLength: 1, maxLength: 5 })).map(
    ([at, insert]): Edit =>
      (text) =>
        text.insert(Math.min(at, text.length), insert),
  ),
  fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 5 })).map(
    ([at, length]): Edit =>
      (text) => {
        const from = Math.min(at, text.length)
        text.delete(from, Math.min(length, text.length - from))
      },
  ),
  fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer()).map(
    ([key, to]): Edit =>
      (_, notes) =>
        notes.set(key, new Y.Map([['to', to]])),
  ),
  fc.constantFrom('a', 'b', 'c').map(
    (key): Edit =>
      (_, notes) =>
        notes.delete(key),
  ),
)

function startDoc() {
  const doc = new Y.Doc()
  doc.clientID = 7
  return { doc, text: doc.getText('text'), notes: doc.getMap('notes') }
}

test('one transaction is encoded as Yjs encodes it', () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 20 }), (edits) => {
      const { doc, text, notes } = startDoc()
      const turn = new TurnUpdate()
      let ours: Uint8Array | null = null
      doc.on('afterTransactionCleanup', (transaction) => {
        turn.add(transaction)
        ours = turn.take(doc)
        expect(TurnUpdate.changes(transaction)).toBe(ours !== null)
      })
      doc.on('update', (update) => expect(ours).toEqual(update))
      for (const apply of edits) apply(text, notes)
    }),
    { seed: 4711 },
  )
})

test('[S1] many transactions in one update bring a replica to the same state', () => {
  fc.assert(
    fc.property(fc.array(fc.array(edit, { minLength: 1, maxLength: 10 }), { maxLength: 10 }), (turns) => {
      const { doc, text, notes } = startDoc()
      const replica = new Y.Doc()
      const turn = new TurnUpdate()
      doc.on('afterTransactionCleanup', (transaction) => turn.add(transaction))
      for (const edits of turns) {
        for (const apply of edits) apply(text, notes)
        const update = turn.take(doc)
        if (update) Y.applyUpdate(replica, update)
        expect(replica.store.pendingStructs).toBeNull()
        expect(Y.encodeStateAsUpdate(replica)).toEqual(Y.encodeStateAsUpdate(doc))
      }
    }),
    { seed: 4711 },
  )
})

test('a thousand keystrokes become one struct', () => {
  const { doc, text } = startDoc()
  const turn = new TurnUpdate()
  doc.on('afterTransactionCleanup', (transaction) => turn.add(transaction))
  for (let index = 0; index < 1000; index++) text.insert(index, 'a')
  const update = turn.take(doc)!
  expect(Y.decodeUpdate(update).structs).toHaveLength(1)
  expect(turn.take(doc)).toBeNull()
})
