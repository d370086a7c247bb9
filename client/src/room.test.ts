import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board } from './board.contract.ts'
import type { RoomStatus } from './status.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

test('[S1] an edit shows at once, reaches the others and is told saved when the server says so', async () => {
  await using world = await startWorld()
  const ada = world.client().join(board, params)
  const bob = world.client().join(board, params)
  expect(ada.status).toEqual({ at: 'connecting' })
  await Promise.all([ada.ready, bob.ready])
  expect(ada.status).toEqual({ at: 'synced' })
  ada.state.title.insert(0, 'Hello')
  expect(ada.state.title.toString()).toBe('Hello')
  expect(ada.status).toMatchObject({ at: 'unsaved', edits: 1, events: 0 })
  await until(() => bob.state.title.toString() === 'Hello' && ada.status.at === 'synced')
  expect(Y.encodeStateAsUpdate(bob.doc)).toEqual(Y.encodeStateAsUpdate(ada.doc))
})

test('[S2] edits are unsaved until their frame is confirmed, in order', async () => {
  await using world = await startWorld((frame) => frame.kind === 'update')
  const room = world.client().join(board, params)
  await room.ready
  await until(() => world.server.all('step2').length === 1)
  const before = Date.now()
  room.state.title.insert(0, 'a')
  room.state.title.insert(1, 'b')
  await until(() => world.server.all('update').length === 1)
  room.state.title.insert(2, 'c')
  await until(() => world.server.all('update').length === 2)
  const { since } = room.status as Extract<RoomStatus, { at: 'unsaved' }>
  expect(since).toBeGreaterThanOrEqual(before)
  expect(room.status).toEqual({ at: 'unsaved', edits: 3, events: 0, since })
  const [peer] = world.server.peers
  peer!.sendStatus(name, true)
  await until(() => room.status.at === 'unsaved' && room.status.edits === 1)
  peer!.sendStatus(name, true)
  await until(() => room.status.at === 'synced')
})

test('the edits of one turn are one frame', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  for (let index = 0; index < 100; index++) room.state.title.insert(index, 'x')
  await until(() => room.status.at === 'synced')
  expect(world.server.all('update')).toHaveLength(1)
  expect(world.server.doc(name).getText('title').toString()).toBe('x'.repeat(100))
})

test('offline edits are one update when the connection is back, and count until then', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  world.server.script = () => true
  world.server.cut()
  await until(() => room.status.at === 'offline')
  for (let index = 0; index < 500; index++) {
    room.state.title.insert(index, 'y')
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(room.status).toMatchObject({ at: 'offline', edits: 500 })
  world.server.script = () => false
  world.server.cut()
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').length).toBe(500)
  expect(world.server.all('update')).toHaveLength(0)
  expect(world.server.peers.at(-1)!.sent.filter(({ kind }) => kind === 'step2')).toHaveLength(1)
})

test('what was sent and not confirmed before the connection was lost stays unsaved and is sent again', async () => {
  await using world = await startWorld((frame) => frame.kind === 'update')
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'lost?')
  await until(() => world.server.all('update').length === 1)
  world.server.script = () => false
  world.server.cut()
  await until(() => room.status.at === 'offline')
  expect(room.status).toMatchObject({ at: 'offline', edits: 1 })
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('lost?')
})

test('joining and rejoining without edits never says unsaved', async () => {
  await using world = await startWorld()
  world.server.doc(name).getText('title').insert(0, 'Hello')
  const room = world.client().join(board, params)
  const seen: RoomStatus['at'][] = []
  room.subscribe(() => seen.push(room.status.at))
  await room.ready
  await until(() => room.status.at === 'synced')
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.status.at === 'synced')
  expect(new Set(seen)).toEqual(new Set(['synced', 'offline']))
  expect(seen.at(-1)).toBe('synced')
})

test('a status is the same object until it says something else, and listeners hear of news only', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  await until(() => room.status.at === 'synced')
  const { status } = room
  let calls = 0
  room.subscribe(() => calls++)
  world.server.doc(name).getText('title').insert(0, 'from elsewhere')
  await until(() => room.state.title.length > 0)
  expect(room.status).toBe(status)
  expect(calls).toBe(0)
  room.state.title.insert(0, 'a')
  room.state.title.insert(0, 'b')
  await until(() => room.status.at === 'synced')
  expect(calls).toBe(2)
})

test('two rooms share a socket; joining one twice gives the same room, left when it was left twice', async () => {
  await using world = await startWorld()
  const client = world.client()
  const room = client.join(board, params)
  const other = client.join(board, { boardId: 'q4' })
  expect(client.join(board, params)).toBe(room)
  await Promise.all([room.ready, other.ready])
  expect(world.server.peers).toHaveLength(1)
  room.leave()
  expect(room.status).toEqual({ at: 'synced' })
  room.leave()
  expect(room.status).toEqual({ at: 'left' })
  await until(() => world.server.all('close').length === 1)
  const again = client.join(board, params)
  expect(again).not.toBe(room)
  await again.ready
  expect(again.status.at).toBe('synced')
  expect(other.status.at).toBe('synced')
})

test('a room that is left while something is unsaved is delivered in the background', async () => {
  await using world = await startWorld()
  const client = world.client()
  const room = client.join(board, params)
  await room.ready
  world.server.script = () => true
  world.server.cut()
  await until(() => room.status.at === 'offline')
  room.state.title.insert(0, 'do not lose me')
  const answer = room.dispatch('note.add', { text: 'nor me' })
  room.leave()
  expect(room.status.at).toBe('left')
  expect(() => room.state.title.insert(0, 'too late')).toThrow(expect.objectContaining({ code: 'cancelled' }))
  await expect(room.dispatch('clear')).rejects.toMatchObject({ code: 'cancelled' })
  expect(client.join(board, params)).toBe(room)
  expect(room.status).toMatchObject({ at: 'offline', edits: 1, events: 1 })
  room.leave()
  world.server.script = () => false
  world.server.cut()
  expect(await answer).toEqual({ text: 'nor me' })
  await until(() => world.server.all('close').length === 1)
  expect(world.server.doc(name).getText('title').toString()).toBe('do not lose me')
})

test('a socket that no room needs is closed, and opened again for the next room', async () => {
  await using world = await startWorld()
  const client = world.client()
  const room = client.join(board, params)
  await room.ready
  room.leave()
  let closed = false
  world.server.peers[0]!.onClose(() => {
    closed = true
  })
  await until(() => closed)
  await client.join(board, params).ready
  expect(world.server.peers).toHaveLength(2)
})

test('an open room has a document and an awareness, and no state', async () => {
  await using world = await startWorld()
  const room = world.client().openRoom('any/name', { presence: { name: 'Ada' } })
  await room.ready
  room.doc.getMap('anything').set('a', 1)
  await until(() => room.status.at === 'synced')
  expect(world.server.doc('any/name').getMap('anything').get('a')).toBe(1)
  expect(room.presence.get()).toEqual({ name: 'Ada' })
  expect(() => (room as unknown as { state: unknown }).state).toThrow(TypeError)
})

test('a closed client rejects what waits and joins nothing', async () => {
  await using world = await startWorld((frame) => frame.kind === 'token' || frame.kind === 'dispatch')
  const client = world.client()
  const room = client.join(board, params)
  const answer = room.dispatch('clear')
  client.close()
  await expect(answer).rejects.toMatchObject({ code: 'cancelled' })
  await expect(room.ready).rejects.toMatchObject({ code: 'cancelled' })
  expect(room.status).toEqual({ at: 'left' })
  expect(() => client.join(board, params)).toThrow(expect.objectContaining({ code: 'cancelled' }))
})
