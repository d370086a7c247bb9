import { InterplayError } from '@interplay/shared'
import {
  ByteWriter,
  KeyTable,
  writeChange,
  writeDelta,
  writeFull,
  writeRefused,
  writeValue,
} from '@interplay/shared/live'
import { expect, test, vi } from 'vitest'
import { board } from './board.contract.ts'
import type { Room } from './room.ts'
import type { Peer, ScriptedServer } from './scripted-server.contract.ts'
import { startWorld, until, type World } from './world.contract.ts'

const name = 'board/q3'

/** The server's side of one live value. */
class Sender {
  readonly #keys = new KeyTable()
  #version = 0

  full(value: unknown, at = 0): Uint8Array {
    const writer = new ByteWriter()
    writeValue(writer, this.#keys, value)
    this.#version += 1
    const payload = writer.slice()
    return writeFull({ entities: false, version: this.#version, at, keys: this.#keys.from(0), payload })
  }

  delta(before: unknown, after: unknown, at = 0): Uint8Array {
    const writer = new ByteWriter()
    const firstKey = this.#keys.size
    writeChange(writer, this.#keys, before, after)
    this.#version += 1
    const keys = this.#keys.from(firstKey)
    const base = this.#version - 1
    return writeDelta({
      entities: false,
      version: this.#version,
      base,
      at,
      keys,
      firstKey,
      payload: writer.slice(),
    })
  }
}

const send = (peer: Peer, of: string, message: Uint8Array) =>
  peer.sendRuntime({ kind: 'live', room: name, name: of, message })
const asked = (server: ScriptedServer) =>
  server
    .all('subscribe')
    .map(({ name: of, on, interest }) => [of, on, ...(interest === undefined ? [] : [interest])])

async function join(world: World): Promise<Room<typeof board>> {
  const room = world.client().join(board, { boardId: 'q3' })
  await room.ready
  return room
}

test('a value is asked for while somebody subscribes to it, and a moment longer', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  expect(room.live.vote.get()).toBeUndefined()
  expect(asked(server)).toEqual([])
  const first = room.live.vote.subscribe(() => {})
  const second = room.live.vote.subscribe(() => {})
  await until(() => asked(server).length === 1)
  first()
  first()
  second()
  const third = room.live.vote.subscribe(() => {})
  await room.dispatch('clear')
  expect(asked(server)).toEqual([['vote', true]])
  send(server.peers[0]!, 'vote', new Sender().full({ open: true }))
  await until(() => room.live.vote.get())
  third()
  await until(() => asked(server).length === 2)
  expect(asked(server)[1]).toEqual(['vote', false])
  expect(room.live.vote.get()).toBeUndefined()
})

test('listeners hear the value when it comes, when it changes, and at once if it is here', async () => {
  await using world = await startWorld()
  const room = await join(world)
  const [peer] = world.server.peers
  const heard: unknown[] = []
  const broken = vi.spyOn(console, 'error').mockImplementation(() => {})
  room.live.vote.subscribe(() => {
    throw new Error('a bug')
  })
  room.live.vote.subscribe((vote) => heard.push(vote))
  const sender = new Sender()
  send(peer!, 'vote', sender.full({ open: true }, 5))
  send(peer!, 'vote', sender.delta({ open: true }, { open: false }, 7))
  await until(() => heard.length === 2)
  expect(heard).toEqual([{ open: true }, { open: false }])
  expect(room.live.vote.madeAt).toBe(7)
  const late: unknown[] = []
  const stop = room.live.vote.subscribe((vote) => late.push(vote))
  expect(late).toEqual([{ open: false }])
  expect(late[0]).toBe(room.live.vote.get())
  stop()
  send(peer!, 'vote', sender.delta({ open: false }, { open: true }))
  await until(() => heard.length === 3)
  expect(late).toHaveLength(1)
  expect(broken).toHaveBeenCalledTimes(3)
  broken.mockRestore()
})

test('[V2] after a lost connection it is asked for again, with its interest, and shows what it was until then', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  room.live.agents.subscribe(() => {}, { interest: { left: 1 } })
  room.live.vote.subscribe(() => {})
  room.live.agents.setInterest({ left: 2 })
  room.live.agents.setInterest({ left: 2 })
  await until(() => asked(server).length === 3)
  send(server.peers[0]!, 'vote', new Sender().full({ open: true }))
  await until(() => room.live.vote.get())
  server.cut()
  await until(() => server.peers[1]?.sent.filter(({ kind }) => kind === 'subscribe').length === 2)
  expect(asked(server)).toEqual([
    ['agents', true, { left: 1 }],
    ['vote', true],
    ['agents', true, { left: 2 }],
    ['vote', true],
    ['agents', true, { left: 2 }],
  ])
  expect(room.live.vote.get()).toEqual({ open: true })
  send(server.peers[1]!, 'vote', new Sender().full({ open: false }))
  await until(() => !room.live.vote.get()!.open)
})

test('[V2] a message that is missing is noticed: the full value is asked for', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  room.live.vote.subscribe(() => {})
  const sender = new Sender()
  send(server.peers[0]!, 'vote', sender.full({ open: true }))
  sender.delta({ open: true }, { open: false })
  send(server.peers[0]!, 'vote', sender.delta({ open: false }, { open: true }))
  await until(() => asked(server).length === 2)
  expect(asked(server)).toEqual([
    ['vote', true],
    ['vote', true],
  ])
  send(server.peers[0]!, 'vote', sender.full({ open: false }))
  await until(() => room.live.vote.get()?.open === false)
})

test('a subscription that is refused says why, and an interest that does not fit is not asked for', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  const errors = vi.spyOn(console, 'error').mockImplementation(() => {})
  room.live.vote.subscribe(() => {})
  send(server.peers[0]!, 'vote', writeRefused({ code: 'not-found', message: 'no' }))
  await until(() => errors.mock.calls.length === 1)
  expect(errors.mock.calls[0]![0]).toBeInstanceOf(InterplayError)
  errors.mockRestore()
  expect(() => room.live.agents.setInterest({ left: 'x' } as never)).toThrow('left')
  await room.dispatch('clear')
  expect(asked(server)).toEqual([['vote', true]])
})

test('[G2] garbage ends the connection, and the next one begins with a full value', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  room.live.vote.subscribe(() => {})
  await until(() => asked(server).length === 1)
  send(server.peers[0]!, 'vote', new Uint8Array([9, 9, 9]))
  await until(() => asked(server).length === 2)
  send(server.peers[1]!, 'vote', new Sender().full({ open: true }))
  await until(() => room.live.vote.get()?.open)
})

test('what nobody asked for is dropped, and a room that was left asks for nothing', async () => {
  await using world = await startWorld()
  const { server } = world
  const room = await join(world)
  send(server.peers[0]!, 'vote', new Sender().full({ open: true }))
  send(server.peers[0]!, 'unknown', new Uint8Array([9]))
  await room.dispatch('clear')
  expect(room.live.vote.get()).toBeUndefined()
  room.live.vote.subscribe(() => {})
  room.leave()
  await until(() => server.all('close').length === 1)
  expect(asked(server)).toEqual([['vote', true]])
  expect(() => (world.client().openRoom('any') as unknown as Room<typeof board>).live).toThrow(
    'no live values',
  )
})
