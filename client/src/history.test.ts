import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board } from './board.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

test('undo leaves what others have put into what this client made', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const mine = new Y.XmlElement('paragraph')
  room.doc.getXmlFragment('raw').insert(0, [mine])
  room.history.stopCapturing()
  room.doc.getXmlFragment('raw').insert(1, [new Y.XmlElement('empty')])
  await until(() => room.status.at === 'synced')
  const theirs = world.server.doc(name).getXmlFragment('raw').get(0) as Y.XmlElement
  theirs.insert(0, [new Y.XmlText('theirs')])
  await until(() => mine.length === 1)
  room.history.undo()
  room.history.undo()
  expect(room.doc.getXmlFragment('raw').toString()).toBe('<paragraph>theirs</paragraph>')
})

test('undo takes back the edits of this client only, across a lost connection', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'mine')
  room.history.stopCapturing()
  room.doc.getMap('raw').set('key', 'also mine')
  await until(() => room.status.at === 'synced')
  world.server.doc(name).getText('title').insert(0, 'theirs ')
  await until(() => room.state.title.toString().includes('theirs') && room.status.at === 'synced')
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.status.at === 'synced')
  expect(room.history.undo()).toBe(true)
  expect(room.doc.getMap('raw').has('key')).toBe(false)
  expect(room.history.undo()).toBe(true)
  expect(room.state.title.toString()).toBe('theirs ')
  expect(room.history.undo()).toBe(false)
  expect(room.history.redo()).toBe(true)
  expect(room.state.title.toString()).toBe('theirs mine')
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('theirs mine')
})

test('edits in quick succession are one step', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  for (const letter of 'Hello') room.state.title.insert(room.state.title.length, letter)
  room.history.undo()
  expect(room.state.title.toString()).toBe('')
})

test('an editor binding is recorded while its origin is tracked', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  const binding = { name: 'an editor' }
  const type = (text: string) => room.doc.transact(() => room.doc.getText('title').insert(0, text), binding)
  type('a')
  expect(room.history.canUndo).toBe(false)
  const stop = room.history.track(binding)
  type('b')
  expect(room.history.canUndo).toBe(true)
  room.history.undo()
  stop()
  type('c')
  expect(room.history.canUndo).toBe(false)
})

test('listeners hear when something can be undone or redone', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  const seen: [boolean, boolean][] = []
  room.history.subscribe(() => seen.push([room.history.canUndo, room.history.canRedo]))
  room.state.title.insert(0, 'a')
  room.history.undo()
  room.history.redo()
  expect(seen).toContainEqual([true, false])
  expect(seen).toContainEqual([false, true])
  expect(seen.at(-1)).toEqual([true, false])
})

test('a refused edit empties the stack; tracked origins stay tracked', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const binding = {}
  room.history.track(binding)
  world.server.script = (frame, peer) => {
    if (frame.kind !== 'update') return false
    peer.sendRefusedWrite(frame.room, 'forbidden')
    return true
  }
  const { history } = room
  room.state.title.insert(0, 'no')
  let reset = false
  room.onReset(() => {
    reset = true
  })
  await until(() => reset)
  expect(room.history).toBe(history)
  expect(history.canUndo).toBe(false)
  world.server.script = () => false
  room.doc.transact(() => room.doc.getText('title').insert(0, 'yes'), binding)
  expect(history.canUndo).toBe(true)
  history.undo()
  expect(room.state.title.toString()).toBe('')
})
