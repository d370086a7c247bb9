import { expect, test } from 'vitest'
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { board } from './board.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

async function startTwo() {
  const world = await startWorld()
  const ada = world.client().join(board, params, { presence: { name: 'Ada' } })
  const bob = world.client().join(board, params, { presence: { name: 'Bob', cursor: 3 } })
  await Promise.all([ada.ready, bob.ready])
  // A server tells a newcomer who is there; this one only passes on.
  ada.presence.update({})
  bob.presence.update({})
  await until(() => ada.others.get().length === 1 && bob.others.get().length === 1)
  return { world, ada, bob }
}

test('presence reaches the others, validated, and never oneself', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  expect(ada.presence.get()).toEqual({ name: 'Ada', cursor: null })
  expect(ada.others.get()).toEqual([{ sessionId: bob.doc.clientID, presence: { name: 'Bob', cursor: 3 } }])
  expect(bob.others.get()).toEqual([{ sessionId: ada.doc.clientID, presence: { name: 'Ada', cursor: null } }])
  ada.presence.set({ name: 'Ada', cursor: 7 })
  ada.presence.update({ cursor: 8 })
  await until(() => bob.others.get()[0]!.presence.cursor === 8)
  expect(() => ada.presence.set({ name: 1 as never })).toThrow(
    expect.objectContaining({ code: 'invalid-input' }),
  )
  expect(ada.presence.get()).toEqual({ name: 'Ada', cursor: 8 })
})

test('a room is not joined with a presence that does not fit', async () => {
  await using world = await startWorld()
  const client = world.client()
  const joinWith = (presence: object) => () =>
    client.join(board, params, { presence: presence as { name: string } })
  expect(joinWith({ nickname: 'Ada' })).toThrow(expect.objectContaining({ code: 'invalid-input' }))
  await joinWith({ name: 'Ada' })().ready
  expect(world.server.all('token')).toHaveLength(1)
})

test('a presence that does not fit the schema is nobody', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  bob.awareness.setLocalState({ nickname: 'Bob' })
  await until(() => ada.others.get().length === 0)
  bob.presence.set({ name: 'Bob' })
  await until(() => ada.others.get().length === 1)
})

test('[P2] null takes a session out of the others', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  bob.presence.set(null)
  expect(bob.presence.get()).toBeNull()
  await until(() => ada.others.get().length === 0)
  bob.presence.set({ name: 'Bob' })
  await until(() => ada.others.get().length === 1)
})

test('[P2] without a connection there are no others; afterwards all are back, once', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  world.server.script = () => true
  world.server.cut()
  await until(() => ada.others.get().length === 0 && bob.others.get().length === 0)
  world.server.script = () => false
  world.server.cut()
  await until(() => ada.status.at === 'synced' && bob.status.at === 'synced')
  // The last to come hears nothing of the first from this server; a real one tells.
  ada.presence.update({})
  bob.presence.update({})
  await until(() => ada.others.get().length === 1 && bob.others.get().length === 1)
  expect(ada.others.get()).toEqual([{ sessionId: bob.doc.clientID, presence: { name: 'Bob', cursor: 3 } }])
})

test('[P2] others that did not change while the connection was down are seen again', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  // One who stays, and whose clock does not move.
  const update = new Uint8Array([1, 5, 3, 14, ...Buffer.from('{"name":"Eve"}')])
  world.server.peers[0]!.sendAwareness(name, update)
  await until(() => room.others.get().length === 1)
  world.server.cut()
  await until(() => room.others.get().length === 0)
  await until(() => room.status.at === 'synced')
  world.server.peers[1]!.sendAwareness(name, update)
  await until(() => room.others.get().length === 1)
})

test('[P2] the presence is announced with a new clock on every connection', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params, { presence: { name: 'Ada' } })
  await room.ready
  world.server.cut()
  await until(() => world.server.all('awareness').length >= 2 && room.status.at === 'synced')
  const other = new Awareness(new Y.Doc())
  const clocks = world.server.all('awareness').map(({ update }) => {
    applyAwarenessUpdate(other, update, null)
    return other.meta.get(room.doc.clientID)!.clock
  })
  expect(clocks).toEqual([...new Set(clocks)].sort((a, b) => a - b))
  other.destroy()
})

test('[P2] a server that removes the presence of an earlier connection is told that it is still there', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params, { presence: { name: 'Ada' } })
  await room.ready
  await until(() => world.server.all('awareness').length > 0)
  const other = new Awareness(new Y.Doc())
  for (const { update } of world.server.all('awareness')) applyAwarenessUpdate(other, update, null)
  const { clock } = other.meta.get(room.doc.clientID)!
  const id = room.doc.clientID
  const varUint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...varUint(Math.floor(value / 128))]
  const removal = new Uint8Array([1, ...varUint(id), clock + 1, 4, ...Buffer.from('null')])
  const before = world.server.all('awareness').length
  world.server.peers[0]!.sendAwareness(name, removal)
  applyAwarenessUpdate(other, removal, null)
  expect(other.states.has(id)).toBe(false)
  await until(() => world.server.all('awareness').length > before)
  for (const { update } of world.server.all('awareness')) applyAwarenessUpdate(other, update, null)
  expect(other.states.get(id)).toEqual({ name: 'Ada' })
  other.destroy()
})

test('[P2] who leaves is gone for the others', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  bob.leave()
  await until(() => ada.others.get().length === 0)
})

test('a refused edit changes the id of a session and nothing else of its presence', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  const theirs = ada.others.get()
  world.server.script = (frame, peer) => {
    if (frame.kind !== 'update') return false
    peer.sendRefusedWrite(frame.room, 'forbidden')
    return true
  }
  let reset = false
  ada.onReset(() => {
    reset = true
  })
  const { clientID } = ada.doc
  ada.state.title.insert(0, 'no')
  await until(() => reset)
  expect(ada.doc.clientID).not.toBe(clientID)
  expect(ada.others.get()).toEqual(theirs)
  await until(() => bob.others.get()[0]?.sessionId === ada.doc.clientID)
  expect(bob.others.get()).toEqual([{ sessionId: ada.doc.clientID, presence: { name: 'Ada', cursor: null } }])
})

test('a burst of changes goes out at once and then at intervals, the last one always', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  const before = world.server.all('awareness').length
  for (let cursor = 0; cursor < 200; cursor++) ada.presence.update({ cursor })
  await until(() => bob.others.get()[0]!.presence.cursor === 199)
  expect(world.server.all('awareness').length - before).toBeLessThanOrEqual(3)
})

test('the state that an editor binding keeps in the awareness survives a change of the presence', async () => {
  const { world, ada } = await startTwo()
  await using _ = world
  ada.awareness.setLocalStateField('selection', { anchor: 1 })
  ada.presence.set({ name: 'Ada Lovelace' })
  expect(ada.awareness.getLocalState()).toEqual({ name: 'Ada Lovelace', selection: { anchor: 1 } })
  expect(ada.presence.get()).toEqual({ name: 'Ada Lovelace', cursor: null })
})

test('snapshots are the same objects until they change, and listeners hear of their own side only', async () => {
  const { world, ada, bob } = await startTwo()
  await using _ = world
  let own = 0
  let others = 0
  ada.presence.subscribe(() => own++)
  ada.others.subscribe(() => others++)
  const mine = ada.presence.get()
  const theirs = ada.others.get()
  bob.presence.update({})
  bob.presence.update({ cursor: 9 })
  await until(() => ada.others.get() !== theirs)
  expect([own, others]).toEqual([0, 1])
  expect(ada.presence.get()).toBe(mine)
  ada.presence.update({ cursor: 1 })
  expect([own, others]).toEqual([1, 1])
})
