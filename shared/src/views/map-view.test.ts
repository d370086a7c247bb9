import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { counter, createState, defineRoom, map, record, richText, text, value } from '../index.ts'

const Note = z.object({ text: z.string(), color: z.string().default('yellow'), by: z.string().optional() })
const room = defineRoom('room', {
  state: {
    notes: map(Note),
    counts: map(z.number()),
    texts: map(text()),
    votes: map(counter()),
    pages: map(record({ body: richText(), title: text(), size: value(z.number(), { default: 1 }) })),
    groups: map(map(z.string())),
  },
})

function open() {
  const doc = new Y.Doc()
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  return { doc, ...state, state }
}

test('it is a map', () => {
  const { notes } = open()
  notes.set('a', { text: '1' })
  notes.set('b', { text: '2', color: 'red' })
  expect(notes.size).toBe(2)
  expect(notes.has('a')).toBe(true)
  expect(notes.has('c')).toBe(false)
  expect(notes.get('a')).toEqual({ text: '1', color: 'yellow' })
  expect(notes.get('c')).toBeUndefined()
  expect([...notes.keys()].sort()).toEqual(['a', 'b'])
  expect([...notes.values()].map((note) => note.text).sort()).toEqual(['1', '2'])
  expect(new Map(notes)).toEqual(new Map(notes.entries()))
  expect(notes.delete('a')).toBe(true)
  expect(notes.delete('a')).toBe(false)
  expect(notes.toJSON()).toEqual({ b: { text: '2', color: 'red' } })
})

test('values are read as the very objects that are stored, frozen', () => {
  const { doc, notes } = open()
  notes.set('a', { text: '1' })
  expect(notes.get('a')).toBe(notes.get('a'))
  expect(notes.get('a')).toBe(doc.getMap('notes').get('a'))
  expect([...notes.values()][0]).toBe(notes.get('a'))
  expect(() => {
    notes.get('a')!.text = '2'
  }).toThrow(TypeError)
})

test('update changes some properties, removes those that are undefined, and says whether there was a value', () => {
  const { notes, counts } = open()
  expect(notes.update('a', { text: 'x' })).toBe(false)
  notes.set('a', { text: '1', by: 'Ada' })
  expect(notes.update('a', { color: 'red', by: undefined })).toBe(true)
  expect(notes.get('a')).toEqual({ text: '1', color: 'red' })
  expect(notes.update('a', (note) => ({ ...note, text: `${note.text}!` }))).toBe(true)
  expect(notes.get('a')!.text).toBe('1!')
  expect(() => notes.update('a', { text: undefined })).toThrow('notes.text')
  counts.set('n', 1)
  counts.update('n', (count) => count + 1)
  expect(counts.get('n')).toBe(2)
})

test('any string is a key, and none reaches a prototype', () => {
  const { state, notes, groups } = open()
  for (const key of ['__proto__', 'constructor', 'toString', '', 'a.b', '😀']) {
    notes.set(key, { text: key })
    groups.set(key, JSON.parse(`{${JSON.stringify(key)}: "x"}`))
    expect(notes.get(key)!.text).toBe(key)
    expect(notes.has(key)).toBe(true)
  }
  const json = state.toJSON()
  expect(Object.getPrototypeOf(json.notes)).toBe(Object.prototype)
  expect(Object.keys(json.notes)).toContain('__proto__')
  expect(Object.getOwnPropertyDescriptor(json.notes, '__proto__')!.value).toEqual({
    text: '__proto__',
    color: 'yellow',
  })
  expect(Object.getOwnPropertyDescriptor(json.groups, '__proto__')!.value).toEqual(
    JSON.parse('{"__proto__":"x"}'),
  )
  expect(JSON.parse(JSON.stringify(json))).toEqual(json)
  expect(({} as { text?: string }).text).toBeUndefined()
  expect(notes.get('hasOwnProperty')).toBeUndefined()
})

test('values of an older version get the defaults of the schema', () => {
  const { doc, notes } = open()
  doc.getMap('notes').set('old', { text: 'x' })
  expect(notes.get('old')).toEqual({ text: 'x', color: 'yellow' })
  expect(notes.get('old')).toBe(notes.get('old'))
})

test('values that do not fit are counted, and skipped', () => {
  const { doc, notes } = open()
  notes.set('a', { text: '1' })
  doc.getMap('notes').set('b', { text: 2 })
  doc.getMap('notes').set('c', new Y.Text('x'))
  expect(notes.size).toBe(3)
  expect(notes.has('b')).toBe(true)
  expect(notes.get('b')).toBeUndefined()
  expect([...notes].map(([key]) => key)).toEqual(['a'])
  expect(Object.keys(notes.toJSON())).toEqual(['a'])
})

test('elements of every kind are views', () => {
  const { texts, votes, pages, groups } = open()
  texts.set('a', 'Hi')
  texts.get('a')!.insert(2, '!')
  votes.set('a', 2)
  votes.get('a')!.add(-3)
  pages.set('p', { title: 'T' })
  pages.get('p')!.body.yjs.insert(0, [new Y.XmlText('rich')])
  groups.set('g', { x: '1' })
  groups.get('g')!.set('y', '2')
  expect(texts.toJSON()).toEqual({ a: 'Hi!' })
  expect(votes.toJSON()).toEqual({ a: -1 })
  expect(pages.toJSON()).toEqual({ p: { body: 'rich', title: 'T', size: 1 } })
  expect(groups.toJSON()).toEqual({ g: { x: '1', y: '2' } })
  expect(texts.get('a')).toBe(texts.get('a'))
  expect([...pages.entries()][0]).toEqual(['p', pages.get('p')])
})

test('setting an element again replaces it by a new one', () => {
  const { texts } = open()
  texts.set('a', 'one')
  const before = texts.get('a')!
  texts.set('a', 'two')
  expect(texts.get('a')).not.toBe(before)
  expect(texts.toJSON()).toEqual({ a: 'two' })
  expect(before.toString()).toBe('')
})

test('[S1] the fields of a record merge one by one', () => {
  const left = open()
  left.pages.set('p', { title: 'T' })
  const right = open()
  Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc))
  left.pages.get('p')!.set({ size: 5 })
  right.pages.get('p')!.title.insert(1, '!')
  Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(right.doc))
  expect(left.pages.toJSON()).toEqual({ p: { body: '', title: 'T!', size: 5 } })
})

test('a record may have fields of any name that views do not use', () => {
  const odd = defineRoom('odd', {
    state: {
      all: map(
        record({
          scope: text(),
          place: text(),
          fields: text(),
          children: text(),
          child: text(),
          name: text(),
        }),
      ),
    },
  })
  const doc = new Y.Doc()
  const { all } = createState(odd, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  const content = { scope: '1', place: '2', fields: '3', children: '4', child: '5', name: '6' }
  all.set('a', content)
  expect(all.get('a')!.toJSON()).toEqual(content)
  expect(all.get('a')!.place.toString()).toBe('2')
})

test('ten thousand values are read without a copy of any, and quickly', () => {
  const { doc, notes } = open()
  doc.transact(() => {
    for (let index = 0; index < 10_000; index++)
      doc.getMap('notes').set(`n${index}`, { text: `${index}`, color: 'red' })
  })
  const first = [...notes.values()]
  expect(first).toHaveLength(10_000)
  expect([...notes.values()].every((note, index) => note === first[index])).toBe(true)
  expect(notes.get('n7')).toBe(doc.getMap('notes').get('n7'))
})
