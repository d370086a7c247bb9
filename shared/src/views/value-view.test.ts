import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { createState, defineRoom, value } from '../index.ts'

const Size = z.object({ width: z.number().default(1), height: z.number() })
const room = defineRoom('room', {
  state: {
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    size: value(Size, { default: { height: 2 } }),
    note: value(z.string().nullable()),
  },
})

function open() {
  const doc = new Y.Doc()
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  return { doc, state }
}

test('it reads the default until it is set, and again when it is deleted', () => {
  const { state } = open()
  expect(state.status.get()).toBe('open')
  state.status.set('closed')
  expect(state.status.get()).toBe('closed')
  state.status.delete()
  expect(state.status.get()).toBe('open')
  expect(state.note.get()).toBeUndefined()
  expect(state.toJSON()).toEqual({ status: 'open', size: { width: 1, height: 2 } })
})

test('the default is what the schema makes of it, and cannot be changed by a reader', () => {
  const { state } = open()
  expect(state.size.get()).toEqual({ width: 1, height: 2 })
  expect(() => {
    state.size.get().height = 3
  }).toThrow(TypeError)
})

test('null is a value', () => {
  const { state } = open()
  state.note.set(null)
  expect(state.note.get()).toBeNull()
  expect(state.toJSON().note).toBeNull()
})

test('what does not fit reads as the default', () => {
  const { doc, state } = open()
  doc.getMap('status').set('value', 'ajar')
  expect(state.status.get()).toBe('open')
})
