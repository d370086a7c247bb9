import { expect, test, vi } from 'vitest'
import { board } from './board.contract.ts'
import type { Peer } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'
const confetti = (peer: Peer | undefined, x: number, room = name) =>
  peer!.sendRuntime({ kind: 'signal', room, name: 'confetti', payload: { x, y: 0 } })

test('a signal reaches its listeners, in order, until they stop', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const heard: string[] = []
  const stop = room.onSignal('confetti', ({ x }) => heard.push(`a${x}`))
  room.onSignal('confetti', ({ x }) => heard.push(`b${x}`))
  const [peer] = world.server.peers
  confetti(peer, 1)
  confetti(peer, 2)
  await until(() => heard.length === 4)
  stop()
  stop()
  confetti(peer, 3)
  await until(() => heard.length === 5)
  expect(heard).toEqual(['a1', 'b1', 'a2', 'b2', 'b3'])
})

test('[E4] the state that came before a signal is there when it is heard', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const seen: string[] = []
  room.onSignal('confetti', () => seen.push(room.state.title.toString()))
  world.server.doc(name).getText('title').insert(0, 'before')
  confetti(world.server.peers[0], 1)
  await until(() => seen.length === 1)
  expect(seen).toEqual(['before'])
})

test('signals of another room, of a room that was not joined, and of other names reach nobody here', async () => {
  await using world = await startWorld()
  const client = world.client()
  const room = client.join(board, params)
  const other = client.join(board, { boardId: 'q4' })
  await Promise.all([room.ready, other.ready])
  const heard: string[] = []
  room.onSignal('confetti', ({ x }) => heard.push(`q3 ${x}`))
  other.onSignal('confetti', ({ x }) => heard.push(`q4 ${x}`))
  const [peer] = world.server.peers
  for (const other of ['balloons', '__proto__', 'constructor', ''])
    peer!.sendRuntime({ kind: 'signal', room: name, name: other, payload: undefined })
  confetti(peer, 1, 'board/q5')
  confetti(peer, 2, 'board/q4')
  confetti(peer, 3)
  await until(() => heard.length === 2)
  expect(heard).toEqual(['q4 2', 'q3 3'])
  expect(world.server.peers).toHaveLength(1)
})

test('listeners stay over a reconnect, and hear a signal of the join', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const heard: number[] = []
  room.onSignal('confetti', ({ x }) => heard.push(x))
  world.server.script = (frame, peer) => {
    if (frame.kind === 'token') confetti(peer, 7)
    return false
  }
  world.server.cut()
  await until(() => heard.length === 1)
  await until(() => room.status.at === 'synced')
  expect(heard).toEqual([7])
})

test('who left hears nothing more', async () => {
  await using world = await startWorld((frame) => frame.kind === 'close')
  const client = world.client()
  const room = client.join(board, params)
  await room.ready
  const heard: string[] = []
  room.onSignal('confetti', () => heard.push('before'))
  room.leave()
  const again = client.join(board, params)
  again.onSignal('confetti', () => heard.push('again'))
  await until(() => world.server.all('close').length === 1)
  const [peer] = world.server.peers
  confetti(peer, 1)
  peer!.sendClose(name, 'provider_initiated')
  await again.ready
  confetti(peer, 2)
  await until(() => heard.length === 1)
  expect(heard).toEqual(['again'])
})

test('a listener that throws costs nobody else anything', async () => {
  using errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const heard: number[] = []
  room.onSignal('confetti', () => {
    throw new Error('a bug of the application')
  })
  room.onSignal('confetti', ({ x }) => heard.push(x))
  confetti(world.server.peers[0], 1)
  await until(() => heard.length === 1)
  expect(errors).toHaveBeenCalledOnce()
  expect(world.server.peers).toHaveLength(1)
})
