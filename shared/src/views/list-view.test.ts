import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { createState, defineRoom, list, record, text, value } from '../index.ts'

const Item = z.object({ label: z.string(), done: z.boolean().default(false) })
const room = defineRoom('room', {
  state: {
    items: list(Item),
    cards: list(record({ title: text(), done: value(z.boolean()) })),
    rows: list(list(z.number())),
  },
})

function open() {
  const doc = new Y.Doc()
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  return { doc, ...state }
}

const labels = (items: Iterable<{ label: string }>) => [...items].map(({ label }) => label).join('')

test('it is a list', () => {
  const { items } = open()
  items.push({ label: 'a' }, { label: 'c' })
  items.insert(1, { label: 'b' })
  items.insert(3, { label: 'd', done: true })
  expect(items.length).toBe(4)
  expect(labels(items)).toBe('abcd')
  expect(items.get(0)).toEqual({ label: 'a', done: false })
  expect(items.get(4)).toBeUndefined()
  expect(items.get(-1)).toBeUndefined()
  items.delete(1)
  items.delete(0, 2)
  expect(items.toJSON()).toEqual([{ label: 'd', done: true }])
  items.push()
  expect(items.length).toBe(1)
})

test('move puts the item at the index it names', () => {
  for (const [from, to, result] of [
    [0, 2, 'bca'],
    [2, 0, 'cab'],
    [0, 1, 'bac'],
    [1, 1, 'abc'],
  ] as const) {
    const { items } = open()
    items.push({ label: 'a' }, { label: 'b' }, { label: 'c' })
    items.move(from, to)
    expect(labels(items), `${from} to ${to}`).toBe(result)
  }
})

test('move copies a shared type with its content', () => {
  const { cards } = open()
  cards.push({ title: 'a', done: true }, { title: 'b' })
  cards.move(0, 1)
  expect(cards.toJSON()).toEqual([{ title: 'b' }, { title: 'a', done: true }])
  cards.get(1)!.title.insert(1, '!')
  expect(cards.get(1)!.title.toString()).toBe('a!')
})

test('[S1] concurrent moves of one item duplicate it, as documented', () => {
  const left = open()
  left.items.push({ label: 'a' }, { label: 'b' }, { label: 'c' })
  const right = open()
  Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc))
  left.items.move(0, 1)
  right.items.move(0, 2)
  Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(right.doc))
  Y.applyUpdate(right.doc, Y.encodeStateAsUpdate(left.doc))
  expect(labels(left.items)).toBe(labels(right.items))
  expect([...labels(left.items)].sort().join('')).toBe('aabc')
})

test('items are views of shared types, nested ones too', () => {
  const { cards, rows } = open()
  cards.push({ title: 'a' })
  cards.insert(0, { title: 'b', done: true })
  expect(cards.get(0)).toBe([...cards][0])
  expect(cards.get(0)!.done.get()).toBe(true)
  rows.push([1, 2], [3])
  rows.get(1)!.push(4)
  expect(rows.toJSON()).toEqual([
    [1, 2],
    [3, 4],
  ])
})

test('items that do not fit keep their index and are skipped', () => {
  const { doc, items } = open()
  items.push({ label: 'a' }, { label: 'b' })
  doc.getArray('items').insert(1, ['hostile'])
  expect(items.length).toBe(3)
  expect(items.get(1)).toBeUndefined()
  expect(items.get(2)).toEqual({ label: 'b', done: false })
  expect(labels(items)).toBe('ab')
  expect(items.toJSON()).toHaveLength(2)
})

test('iterating while deleting sees the list as it was', () => {
  const { items } = open()
  items.push({ label: 'a' }, { label: 'b' }, { label: 'c' })
  let seen = ''
  for (const { label } of items) {
    seen += label
    items.delete(0)
  }
  expect(seen).toBe('abc')
  expect(items.length).toBe(0)
})
