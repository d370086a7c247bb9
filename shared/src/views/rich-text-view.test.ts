import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { createState, defineRoom, map, richText } from '../index.ts'

const room = defineRoom('room', { state: { body: richText(), pages: map(richText()) } })

test('an editor writes it through Yjs, and it reads as XML', () => {
  const doc = new Y.Doc()
  const state = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  const seen = vi.fn()
  state.body.subscribe(seen)
  const paragraph = new Y.XmlElement('paragraph')
  state.body.yjs.insert(0, [paragraph])
  paragraph.insert(0, [new Y.XmlText('Hi')])
  expect(state.body.yjs).toBe(doc.getXmlFragment('body'))
  expect(state.body.toString()).toBe('<paragraph>Hi</paragraph>')
  expect(state.body.toJSON()).toBe('<paragraph>Hi</paragraph>')
  expect(state.body.length).toBe(1)
  expect(seen).toHaveBeenCalledTimes(2)
})

test('as an element it starts empty', () => {
  const doc = new Y.Doc()
  const { pages } = createState(room, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  pages.set('a', undefined)
  pages.get('a')!.yjs.insert(0, [new Y.XmlText('Hi')])
  expect(pages.toJSON()).toEqual({ a: 'Hi' })
  expect(() => pages.set('b', 'text' as never)).toThrow('pages: starts empty')
})
