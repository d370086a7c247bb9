import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { createState, defineRoom, text } from '../index.ts'

const room = defineRoom('room', { state: { title: text() } })

function open(initial = '') {
  const doc = new Y.Doc()
  const { title } = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  if (initial) title.insert(0, initial)
  return { doc, title }
}

/** What `replace` did to the shared type: `[retain, delete, insert]`. */
function edit(before: string, after: string) {
  const { title } = open(before)
  let delta: unknown
  title.yjs.observe((event) => {
    delta = event.delta
  })
  title.replace(after)
  expect(title.toString()).toBe(after)
  return delta
}

test('replace touches only what differs', () => {
  expect(edit('Hello world', 'Hello brave world')).toEqual([{ retain: 6 }, { insert: 'brave ' }])
  expect(edit('Hello brave world', 'Hello world')).toEqual([{ retain: 6 }, { delete: 6 }])
  expect(edit('cat', 'cut')).toEqual([{ retain: 1 }, { delete: 1 }, { insert: 'u' }])
  expect(edit('aaa', 'aaaa')).toEqual([{ retain: 3 }, { insert: 'a' }])
  expect(edit('aaaa', 'aa')).toEqual([{ retain: 2 }, { delete: 2 }])
  expect(edit('', 'new')).toEqual([{ insert: 'new' }])
  expect(edit('old', '')).toEqual([{ delete: 3 }])
  expect(edit('same', 'same')).toBeUndefined()
})

test('[S1] replace merges with what others type elsewhere', () => {
  const left = open('Hello world')
  const right = open()
  Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc))
  left.title.replace('Hello brave world')
  right.title.replace('Hello world!')
  Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(right.doc))
  expect(left.title.toString()).toBe('Hello brave world!')
})

test('replace never splits a surrogate pair, at the start or at the end of the difference', () => {
  // Both pairs share their first half, or their second half.
  expect(edit('a😀b', 'a😁b')).toEqual([{ retain: 1 }, { delete: 2 }, { insert: '😁' }])
  expect(edit('a\u{1F600}b', 'a\u{1FA00}b')).toEqual([{ retain: 1 }, { delete: 2 }, { insert: '\u{1FA00}' }])
  expect(edit('😀', '😀😀')).toEqual([{ retain: 2 }, { insert: '😀' }])
  expect(edit('😀😁', '😁')).toEqual([{ delete: 2 }])
})

test('[S1] replace ends at the text and with it at every replica, whatever the text', () => {
  const piece = fc.constantFrom('a', 'b', '😀', '😁', '\u{1FA00}', '\ud83d', '\ude00', 'é', '\ufffc')
  const texts = fc.array(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    { maxLength: 6 },
  )
  fc.assert(
    fc.property(texts, (steps) => {
      const { doc, title } = open()
      for (const step of steps) {
        title.replace(step)
        expect(title.toString()).toBe(step.replace(/\p{Surrogate}/gu, '\ufffd'))
      }
      const other = new Y.Doc()
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
      expect(other.getText('title').toString()).toBe(title.toString())
    }),
    { seed: 4711, numRuns: 500 },
  )
})

test('replace keeps formatting and embedded objects outside the difference', () => {
  const { title } = open()
  title.applyDelta([
    { insert: 'bold', attributes: { bold: true } },
    { insert: { image: 'a.png' } },
    { insert: ' end' },
  ])
  title.replace('bold\ufffc end!')
  title.replace('bolder\ufffc end!')
  expect(title.toDelta()).toEqual([
    { insert: 'bolder', attributes: { bold: true } },
    { insert: { image: 'a.png' } },
    { insert: ' end!' },
  ])
  title.replace('bold end!')
  expect(title.toDelta()).toEqual([{ insert: 'bold', attributes: { bold: true } }, { insert: ' end!' }])
})

test('replace works on text that holds what a text cannot', () => {
  const other = new Y.Doc()
  other.getArray('title').push(['ab', 1, null])
  const { doc, title } = open()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
  title.replace('clean')
  expect(title.toString()).toBe('clean')
})

test('indices count UTF-16 code units', () => {
  const { title } = open('😀b')
  expect(title.length).toBe(3)
  title.insert(2, 'a')
  expect(title.toString()).toBe('😀ab')
  title.delete(0, 2)
  expect(title.toString()).toBe('ab')
})

test('formatting goes in and out as a delta', () => {
  const { title } = open()
  title.insert(0, 'b', { bold: true })
  title.applyDelta([{ retain: 1 }, { insert: 'c\ud800' }])
  expect(title.toDelta()).toEqual([{ insert: 'b', attributes: { bold: true } }, { insert: 'c\ufffd' }])
  expect(JSON.stringify({ title })).toBe('{"title":"bc\ufffd"}')
})
