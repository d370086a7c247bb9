import { InterplayError } from '@interplay/shared'
import { expect, test, vi } from 'vitest'
import { board } from './board.contract.ts'
import type { Sent } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'
const tokens = (sent: Sent[]) => sent.flatMap((frame) => (frame.kind === 'token' ? [frame.token] : []))

test('a socket opens with hello, and a join with the token and the first sync step', async () => {
  await using world = await startWorld()
  const room = world.client({ token: 'key' }).join(board, params)
  await room.ready
  const kinds = world.server.sent.map(({ kind }) => kind)
  expect(kinds.slice(0, 4)).toEqual(['hello', 'token', 'step1', 'awareness'])
  expect(world.server.sent[0]).toEqual({ kind: 'hello', version: 1, client: 'interplay-client/0.1.0' })
  expect(tokens(world.server.sent)).toEqual(['key'])
})

test('a refused room says why and is over; the next join is a new attempt', async () => {
  await using world = await startWorld((frame, peer) => {
    if (frame.kind === 'token') peer.sendDenied(frame.room, 'forbidden')
    return frame.kind !== 'hello'
  })
  const client = world.client()
  const room = client.join(board, params)
  const answer = room.dispatch('clear')
  await expect(room.ready).rejects.toMatchObject({ code: 'forbidden' })
  await expect(answer).rejects.toMatchObject({ code: 'forbidden' })
  await expect(room.dispatch('clear')).rejects.toMatchObject({ code: 'forbidden' })
  expect(room.status).toMatchObject({ at: 'refused', error: { code: 'forbidden' } })
  expect(() => room.state.title.insert(0, 'x')).toThrow(expect.objectContaining({ code: 'forbidden' }))
  world.server.script = () => false
  const again = client.join(board, params)
  expect(again).not.toBe(room)
  await again.ready
  room.leave()
  expect(again.status.at).toBe('synced')
})

test('a server that is overloaded is asked again after a while', async () => {
  let denials = 2
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'token' || denials === 0) return denials > 0 && frame.kind === 'step1'
    denials--
    peer.sendDenied(frame.room, 'overloaded')
    return true
  })
  const room = world.client().join(board, params)
  await until(() => room.status.at === 'offline')
  expect(room.status).toMatchObject({ retryAt: expect.any(Number), error: { code: 'overloaded' } })
  await room.ready
  expect(world.server.all('token')).toHaveLength(3)
  expect(world.server.peers).toHaveLength(1)
})

test('a token that is not taken is fetched anew, once, and shared by the rooms of a connection', async () => {
  let made = 0
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'token' || frame.token !== 'token-1') return false
    peer.sendDenied(frame.room, 'unauthorized')
    return true
  })
  const client = world.client({ token: async () => `token-${++made}` })
  await Promise.all([client.join(board, params).ready, client.join(board, { boardId: 'q4' }).ready])
  expect(tokens(world.server.sent)).toEqual(['token-1', 'token-1', 'token-2', 'token-2'])
  world.server.script = (frame, peer) => {
    if (frame.kind === 'token') peer.sendDenied(frame.room, 'unauthorized')
    return frame.kind !== 'hello'
  }
  const room = client.join(board, { boardId: 'q5' })
  await expect(room.ready).rejects.toMatchObject({ code: 'unauthorized' })
  expect(made).toBe(3)
})

test('each connection asks for a token of its own', async () => {
  let made = 0
  await using world = await startWorld()
  const room = world.client({ token: () => `token-${++made}` }).join(board, params)
  await room.ready
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.status.at === 'synced')
  expect(tokens(world.server.sent)).toEqual(['token-1', 'token-2'])
})

test('a token that cannot be had keeps the room offline and visible, until it can', async () => {
  let failing = true
  await using world = await startWorld()
  const token = () => {
    if (failing) throw new Error('the login server is down')
    return 'key'
  }
  const room = world.client({ token }).join(board, params)
  await until(() => room.status.at === 'offline' && room.status.error)
  expect(room.status).toMatchObject({
    error: { code: 'unavailable', cause: { message: 'the login server is down' } },
  })
  failing = false
  await room.ready
  expect(tokens(world.server.sent)).toEqual(['key'])
})

test('a token function that gives up refuses the room', async () => {
  await using world = await startWorld()
  const token = () => {
    throw new InterplayError('unauthorized', 'Signed out')
  }
  const room = world.client({ token }).join(board, params)
  await expect(room.ready).rejects.toMatchObject({ code: 'unauthorized', message: 'Signed out' })
})

test('a server that asks for the token of a live session gets a fresh one', async () => {
  let made = 0
  await using world = await startWorld()
  const room = world.client({ token: () => `token-${++made}` }).join(board, params)
  await room.ready
  world.server.peers[0]!.send(new Uint8Array([name.length, ...Buffer.from(name), 2, 0]))
  await until(() => tokens(world.server.sent).length === 2)
  expect(tokens(world.server.sent)).toEqual(['token-1', 'token-2'])
  expect(room.status.at).toBe('synced')
})

test('a session that the server ends joins again on the same socket', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  world.server.peers[0]!.rooms.clear()
  world.server.peers[0]!.sendClose(name, 'Reset Connection')
  await until(() => room.status.at === 'offline')
  room.state.title.insert(0, 'meanwhile')
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('meanwhile')
  expect(world.server.peers).toHaveLength(1)
})

test('a client that is not welcome any more is refused', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  world.server.peers[0]!.sendClose(name, 'Forbidden')
  await until(() => room.status.at === 'refused')
  expect(room.status).toMatchObject({ error: { code: 'forbidden' } })
})

test.each(['a welcome', 'a close code', 'a refusal'])(
  'another version of the protocol is for good: %s',
  async (how) => {
    await using world = await startWorld((frame, peer) => {
      if (frame.kind !== 'hello') return true
      const error = { code: 'unsupported', message: 'Too old' }
      if (how === 'a welcome') peer.sendRuntime({ kind: 'welcome', version: 2, maxFrameBytes: 1 })
      if (how === 'a close code') peer.close(4426, 'unsupported: too old')
      if (how === 'a refusal') peer.sendRuntime({ kind: 'refused', room: '', scope: 'join', error })
      return true
    })
    const client = world.client()
    const room = client.join(board, params)
    await expect(room.ready).rejects.toMatchObject({ code: 'unsupported' })
    expect(room.status.at).toBe('refused')
    await expect(client.join(board, { boardId: 'q4' }).ready).rejects.toMatchObject({ code: 'unsupported' })
    expect(world.server.peers).toHaveLength(1)
  },
)

const garbage: [string, Uint8Array | string][] = [
  ['text', 'hello'],
  ['nothing', new Uint8Array(0)],
  ['an unknown runtime frame', new Uint8Array([0, 99])],
  ['half a frame', new Uint8Array([8, ...Buffer.from(name), 0])],
  ['an update that is none', new Uint8Array([8, ...Buffer.from(name), 0, 2, 3, 250, 250, 250])],
  ['a state vector that is none', new Uint8Array([8, ...Buffer.from(name), 0, 0, 1, 250])],
  ['a presence that is none', new Uint8Array([8, ...Buffer.from(name), 1, 4, 1, 1, 1, 9])],
]

test.each(garbage)('[G2] %s from the server costs the socket and nothing else', async (_, bytes) => {
  using warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'mine')
  world.server.peers[0]!.send(bytes)
  await until(() => world.server.peers.length === 2 && room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('mine')
  expect(warnings).toHaveBeenCalledOnce()
})

test('listeners and observers of the application that throw cost nobody else anything', async () => {
  using errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  await using world = await startWorld()
  const room = world.client().join(board, params)
  const bug = () => {
    throw new Error('a bug of the application')
  }
  room.subscribe(bug)
  await room.ready
  room.doc.getText('title').observe(bug)
  world.server.doc(name).getText('title').insert(0, 'theirs')
  await until(() => room.state.title.toString() === 'theirs')
  expect(() => room.doc.getText('title').insert(0, 'mine ')).toThrow('a bug of the application')
  await until(() => room.status.at === 'synced')
  expect(world.server.doc(name).getText('title').toString()).toBe('mine theirs')
  expect(world.server.peers).toHaveLength(1)
  expect(errors).toHaveBeenCalled()
})

test('a room that is left and joined again at once waits for the server to let go of it', async () => {
  await using world = await startWorld((frame) => frame.kind === 'close')
  const client = world.client()
  const room = client.join(board, params)
  await room.ready
  room.leave()
  const again = client.join(board, params)
  await until(() => world.server.all('close').length === 1)
  world.server.doc(name).getText('title').insert(0, 'to the session that was')
  expect(world.server.all('token')).toHaveLength(1)
  world.server.peers[0]!.sendClose(name, 'provider_initiated')
  await again.ready
  expect(world.server.all('token')).toHaveLength(2)
  expect(again.status.at).toBe('synced')
})
