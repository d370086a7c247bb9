import { InterplayError } from '@interplay/shared'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board } from './board.contract.ts'
import type { Script } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

/** Refuses the updates that say so, and what leans on them: their struct clocks are missing then. */
const refusing: Script = (frame, peer) => {
  if (frame.kind !== 'update' && frame.kind !== 'step2') return false
  const text = JSON.stringify(
    Y.decodeUpdate(frame.update).structs.map((struct) => Reflect.get(struct, 'content')),
  )
  if (!text.includes('forbidden')) return false
  peer.sendRefusedWrite(frame.room, 'not-writable')
  return true
}

test('[S5] a refused edit puts the client back to the state of the server, and says why', async () => {
  await using world = await startWorld(refusing)
  const room = world.client().join(board, params, { presence: { name: 'Ada' } })
  await room.ready
  room.state.title.insert(0, 'kept')
  await until(() => room.status.at === 'synced')
  const { doc, awareness } = room
  const resets: [InterplayError, Y.Doc][] = []
  room.onReset((...reset) => resets.push(reset))
  room.state.title.insert(4, ' forbidden')
  await until(() => resets.length > 0)
  const [[error, before]] = resets as [[InterplayError, Y.Doc]]
  expect(error).toBeInstanceOf(InterplayError)
  expect(error.code).toBe('not-writable')
  expect(before).toBe(doc)
  expect(before.getText('title').toString()).toBe('kept forbidden')
  expect(room.doc).not.toBe(doc)
  expect(room.awareness).not.toBe(awareness)
  expect(room.awareness.clientID).toBe(room.doc.clientID)
  expect(room.state.title.toString()).toBe('kept')
  expect(room.status).toEqual({ at: 'synced' })
  expect(room.presence.get()).toEqual({ name: 'Ada', cursor: null })
  room.state.title.insert(4, '!')
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('kept!')
  expect(resets).toHaveLength(1)
})

test('[S5] other rooms of the socket are untouched', async () => {
  await using world = await startWorld(refusing)
  const client = world.client()
  const room = client.join(board, params)
  const other = client.join(board, { boardId: 'q4' })
  await Promise.all([room.ready, other.ready])
  const { doc } = other
  other.state.title.insert(0, 'fine')
  room.state.title.insert(0, 'forbidden')
  await until(() => room.state.title.toString() === '')
  await until(() => other.status.at === 'synced')
  expect(other.doc).toBe(doc)
  expect(world.server.peers).toHaveLength(1)
  expect(world.server.doc('board/q4').getText('title').toString()).toBe('fine')
})

test('[S5] edits that were under way behind a refused one go with it, in one reset', async () => {
  const held: (() => void)[] = []
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'update') return false
    held.push(() => peer.sendRefusedWrite(frame.room, 'forbidden'))
    return true
  })
  const room = world.client().join(board, params)
  await room.ready
  let resets = 0
  room.onReset(() => resets++)
  for (const word of ['one', 'two', 'three']) {
    room.state.title.insert(0, word)
    await until(() => room.status.at === 'unsaved' && world.server.all('update').length === held.length)
  }
  await until(() => held.length === 3)
  world.server.script = () => false
  for (const refuse of held) refuse()
  await until(() => resets > 0)
  room.state.title.insert(0, 'after')
  await until(() => room.status.at === 'synced')
  expect(resets).toBe(1)
  expect(world.server.doc(name).getText('title').toString()).toBe('after')
})

test('[S5] a refusal that overtakes earlier confirmations is not lost', async () => {
  const updates: string[] = []
  await using world = await startWorld((frame, peer) => {
    if (frame.kind === 'step2') return true // its confirmation waits for the disk
    if (frame.kind !== 'update') return false
    updates.push(frame.room)
    peer.sendRefusedWrite(frame.room, 'forbidden')
    peer.sendStatus(frame.room, true)
    return true
  })
  const room = world.client().join(board, params)
  await room.ready
  let resets = 0
  room.onReset(() => resets++)
  room.state.title.insert(0, 'no')
  await until(() => resets === 1)
  expect(room.state.title.toString()).toBe('')
  expect(room.status.at).toBe('synced')
})

test('[S5] offline edits that are refused put the client back once', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  world.server.script = () => true
  world.server.cut()
  await until(() => room.status.at === 'offline')
  room.state.title.insert(0, 'forbidden')
  let resets = 0
  room.onReset(() => resets++)
  world.server.script = refusing
  world.server.cut()
  await until(() => resets === 1)
  expect(room.state.title.toString()).toBe('')
  expect(room.status).toEqual({ at: 'synced' })
})

test('[S5] a connection that is lost in the middle of a reset finishes it on the next one', async () => {
  await using world = await startWorld(refusing)
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'kept')
  await until(() => room.status.at === 'synced')
  let resets = 0
  room.onReset(() => resets++)
  world.server.script = (frame, peer) => refusing(frame, peer) || frame.kind === 'step1'
  room.state.title.insert(0, 'forbidden ')
  await until(() => world.server.all('step1').length === 2)
  expect(room.status.at).toBe('unsaved')
  world.server.script = refusing
  world.server.cut()
  await until(() => resets === 1)
  expect(room.state.title.toString()).toBe('kept')
  await until(() => room.status.at === 'synced')
})

test('a read-only session throws at once in typed views, and is put back after edits of the document', async () => {
  await using world = await startWorld((frame, peer) => {
    if (frame.kind === 'token') {
      peer.rooms.add(frame.room)
      peer.sendAuthenticated(frame.room, 'readonly')
      return true
    }
    if (frame.kind !== 'update') return false
    peer.sendRefusedWrite(frame.room, 'read-only')
    return true
  })
  world.server.doc(name).getText('title').insert(0, 'theirs')
  const room = world.client().join(board, params)
  await room.ready
  expect(room.readOnly).toBe(true)
  expect(() => room.state.title.insert(0, 'mine')).toThrow(expect.objectContaining({ code: 'read-only' }))
  expect(room.state.title.toString()).toBe('theirs')
  expect(room.status.at).toBe('synced')
  await until(() => world.server.all('step2').length > 0)
  expect(world.server.all('step2').map(({ update }) => update.length)).toEqual([2])
  let code = ''
  room.onReset((error) => {
    code = error.code
  })
  room.doc.getText('title').insert(0, 'mine ')
  expect(room.status.at).toBe('unsaved')
  await until(() => code === 'read-only')
  expect(room.state.title.toString()).toBe('theirs')
})

test('views of a replaced document refuse edits that would be lost', async () => {
  await using world = await startWorld(refusing)
  const room = world.client().join(board, params)
  await room.ready
  const { title } = room.state
  title.insert(0, 'forbidden')
  await until(() => room.state.title !== title)
  expect(() => title.insert(0, 'x')).toThrow(expect.objectContaining({ code: 'conflict' }))
})

test('what a listener rescues from the old document is an edit like any other', async () => {
  await using world = await startWorld(refusing)
  const room = world.client().join(board, params)
  await room.ready
  room.onReset((_, before) => room.state.title.insert(0, before.getText('title').toString().slice(10)))
  room.state.title.insert(0, 'forbidden my work')
  await until(() => world.server.doc(name).getText('title').toString() === 'my work')
  await until(() => room.status.at === 'synced')
})

test('an edit that is larger than the server takes is put back without asking it', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  let code = ''
  room.onReset((error) => {
    code = error.code
  })
  await until(() => world.server.all('step2').length === 1)
  room.state.title.insert(0, 'x'.repeat(1_000_001))
  await until(() => code === 'too-large')
  expect(room.state.title.length).toBe(0)
  expect(world.server.all('update')).toHaveLength(0)
})

test('offline work that is larger than the server takes is kept, and the room says so', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  world.server.script = () => true
  world.server.cut()
  await until(() => room.status.at === 'offline')
  room.state.title.insert(0, 'x'.repeat(1_000_001))
  world.server.script = () => false
  world.server.cut()
  await until(() => room.status.at === 'refused')
  expect(room.status).toMatchObject({ error: { code: 'too-large' } })
  expect(room.state.title.length).toBe(1_000_001)
})
