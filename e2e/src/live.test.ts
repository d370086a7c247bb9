import { createClient, type Room } from '@interplay/client'
import { sqliteLog } from '@interplay/server'
import { Replica } from '@interplay/shared/live'
import { type Frame, writeFrame } from '@interplay/shared/protocol'
import * as encoding from 'lib0/encoding'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { game, gameRoom } from './game.ts'
import { heldLog } from './held-log.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, type World } from './world.ts'

const name = 'game/a'
const start = (options = {}) => startWorld({ rooms: [gameRoom], ...options })

async function join(world: World): Promise<Room<typeof game>> {
  const room = world.client().join(game, { gameId: 'a' })
  await room.ready
  return room
}

/** What a client has heard of a value, as it came. */
function hear<T>(live: { subscribe(listener: (value: T) => void): () => void }): T[] {
  const heard: T[] = []
  live.subscribe((value) => heard.push(value))
  return heard
}

const lives = (client: WireClient, of: string) =>
  client.runtime.filter(
    (frame): frame is Extract<Frame, { kind: 'live' }> => frame.kind === 'live' && frame.name === of,
  )
const subscribe = (
  client: WireClient,
  of: string,
  { on = true, interest = undefined as unknown, room = name } = {},
) => client.send(writeFrame({ kind: 'subscribe', room, name: of, on, interest }))

test('[V2] who comes gets the full value, and then what changes', async () => {
  await using world = await start()
  const ada = await join(world)
  const heard = hear(ada.live.vote)
  await ada.dispatch('vote.set', { open: true, leftMs: 1_000 })
  expect(ada.live.vote.get()).toEqual({ open: true, leftMs: 1_000 })
  const bob = await join(world)
  hear(bob.live.vote)
  await until(() => bob.live.vote.get()?.open)
  await bob.dispatch('vote.set', { open: true, leftMs: 500 })
  await until(() => ada.live.vote.get()?.leftMs === 500)
  expect(heard).toEqual([
    { open: true, leftMs: 1_000 },
    { open: true, leftMs: 500 },
  ])
  await bob.dispatch('heat.set', { at: 3, to: 9 })
  hear(ada.live.heat)
  await until(() => ada.live.heat.get()?.cells[3] === 9)
})

test('[V2] on the wire: one full message, then deltas; nothing for who does not watch, or no longer', async () => {
  await using world = await start()
  using watcher = await (await WireClient.connect(world)).join(name)
  using idle = await (await WireClient.connect(world)).join(name)
  subscribe(watcher, 'turns')
  await until(() => lives(watcher, 'turns').length === 1)
  for (let turn = 0; turn < 3; turn++) {
    watcher.dispatch(name, `e${turn}`, 'turn.take')
    await watcher.answered(`e${turn}`)
  }
  expect(lives(watcher, 'turns').map(({ message }) => message[0])).toEqual([0, 1, 1, 1])
  const replica = new Replica()
  for (const { message } of lives(watcher, 'turns')) expect(replica.take(message)).toBe('taken')
  expect(replica.value).toBe(3)
  subscribe(watcher, 'turns', { on: false })
  watcher.dispatch(name, 'e9', 'turn.take')
  await watcher.answered('e9')
  expect(lives(watcher, 'turns')).toHaveLength(4)
  expect(idle.runtime.filter(({ kind }) => kind === 'live')).toEqual([])
})

test('[E3] [E4] the order is: the state, the live value, the reply', async () => {
  await using world = await start()
  using client = await (await WireClient.connect(world)).join(name)
  subscribe(client, 'turns')
  await until(() => lives(client, 'turns').length === 1)
  const order: string[] = []
  client.webSocket.on('message', () => {
    const last = client.runtime.at(-1)
    const state = client.frames.filter(({ sync }) => sync === 2).length
    order.push(`${state} ${last?.kind}`)
  })
  client.dispatch(name, 'e1', 'turn.take')
  await client.answered('e1')
  expect(order).toEqual(['1 live', '1 live', '1 reply'])
})

test('[E3] a handler that fails leaves no trace, and one sees what those before it did', async () => {
  await using world = await start()
  const room = await join(world)
  const votes = hear(room.live.vote)
  const agents = hear(room.live.agents)
  hear(room.live.turns)
  await expect(room.dispatch('vote.fail')).rejects.toMatchObject({ code: 'conflict' })
  const turns = await Promise.all(Array.from({ length: 20 }, () => room.dispatch('turn.take')))
  expect(turns).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  expect(room.live.turns.get()).toBe(20)
  expect(votes).toEqual([])
  expect(agents).toEqual([{}])
  expect(room.state.score.value).toBe(20)
  await expect(room.dispatch('vote.set', { open: 'yes' } as never)).rejects.toMatchObject({
    code: 'invalid-input',
  })
})

test('[E3] nobody sees what a handler did before its entry is durable', async () => {
  const held = heldLog()
  await using world = await start({ log: held.log })
  const room = await join(world)
  const turns = hear(room.live.turns)
  await until(() => turns.length === 1)
  held.hold()
  const taken = [room.dispatch('turn.take'), room.dispatch('turn.take')]
  await until(() => held.waiting > 0)
  await world.server.room(game, { gameId: 'b' }).state()
  expect(turns).toEqual([0])
  held.release()
  expect(await Promise.all(taken)).toEqual([1, 2])
  expect(turns.at(-1)).toBe(2)
})

test('events that are not stored, jobs and reactions set live values too', async () => {
  await using world = await start()
  const ada = await join(world)
  hear(ada.live.turns)
  hear(ada.live.there)
  hear(ada.live.vote)
  const quick = await Promise.all(Array.from({ length: 50 }, () => ada.dispatch('turn.quick')))
  expect(quick.at(-1)).toBe(50)
  await until(() => ada.live.turns.get() === 50)
  await ada.dispatch('vote.set', { open: true, leftMs: 1 })
  await ada.dispatch('vote.close')
  await until(() => ada.live.vote.get()?.open === false)
  const bob = await join(world)
  await until(() => ada.live.there.get() === 2)
  bob.leave()
  await until(() => ada.live.there.get() === 1)
  const change = world.server.room(game, { gameId: 'a' }).change(({ live }) => {
    live.turns.set(0)
    return live.turns.get()
  })
  expect(await change).toBe(0)
  await until(() => ada.live.turns.get() === 0)
})

test('[V1] [V2] a reader that pauses is not queued for: it skips to the latest value', async () => {
  await using world = await start({ highWaterBytes: 64 * 1024 })
  using reader = await (await WireClient.connect(world)).join(name)
  subscribe(reader, 'blob')
  await until(() => lives(reader, 'blob').length === 1)
  const writer = await join(world)
  hear(writer.live.blob)
  reader.webSocket.pause()
  const filler = 'x'.repeat(100_000)
  for (let round = 1; round <= 200; round++) await writer.dispatch('blob.set', `${round} ${filler}`)
  reader.webSocket.resume()
  const replica = new Replica()
  const latest = () => {
    for (const { message } of lives(reader, 'blob')) replica.take(message)
    return replica.value as string
  }
  await until(() => latest().startsWith('200 '))
  const kinds = lives(reader, 'blob').map(({ message }) => message[0])
  // What the kernels had taken, and a full one. Not 20 MB.
  expect(kinds.length).toBeLessThan(120)
  expect(kinds.at(-1)).toBe(0)
  await writer.dispatch('blob.set', 'more')
  await until(() => latest() === 'more')
  expect(lives(reader, 'blob').at(-1)!.message[0]).toBe(1)
  expect(await metric(world, 'interplay_live_skipped_total')).toBeGreaterThan(50)
})

test('[V2] a client that lost its connection gets the full value again', async () => {
  await using world = await start()
  const sockets: WebSocket[] = []
  const client = createClient({
    url: world.ws,
    WebSocket: class extends WebSocket {
      constructor(url: string) {
        super(url)
        sockets.push(this)
      }
    } as never,
  })
  const room = client.join(game, { gameId: 'a' })
  hear(room.live.turns)
  hear(room.live.agents)
  room.live.agents.setInterest({ left: 0, right: 10 })
  await room.ready
  const other = await join(world)
  await other.dispatch('turn.take')
  await until(() => room.live.turns.get() === 1)
  sockets[0]!.terminate()
  await until(() => room.status.at === 'offline')
  expect(room.live.turns.get()).toBe(1)
  await other.dispatch('turn.take')
  await other.dispatch('agent.move', { id: 'in', x: 1 })
  await other.dispatch('agent.move', { id: 'out', x: 11 })
  await until(() => room.live.turns.get() === 2)
  await until(() => room.live.agents.get()?.in)
  await other.dispatch('agent.move', { id: 'in', x: 2 })
  await until(() => room.live.agents.get()?.in?.x === 2)
  expect(Object.keys(room.live.agents.get()!)).toEqual(['in'])
  expect(sockets).toHaveLength(2)
  client.close()
})

test('an interest shows what matches: entities enter and leave as they move, and as it moves', async () => {
  await using world = await start()
  const room = await join(world)
  const mover = await join(world)
  for (let x = 0; x < 5; x++) await mover.dispatch('agent.move', { id: `a${x}`, x: x * 10 })
  const seen: string[] = []
  const stop = room.live.agents.subscribe((agents) => seen.push(Object.keys(agents).sort().join()), {
    interest: { left: 0, right: 25 },
  })
  await until(() => seen.length === 1)
  await mover.dispatch('agent.move', { id: 'a4', x: 5 })
  await mover.dispatch('agent.move', { id: 'a0', x: 100 })
  await mover.dispatch('agent.move', { id: 'a3', x: 31 })
  await mover.dispatch('agent.remove', { id: 'a1' })
  await until(() => seen.length === 4)
  expect(seen).toEqual(['a0,a1,a2', 'a0,a1,a2,a4', 'a1,a2,a4', 'a2,a4'])
  room.live.agents.setInterest({ left: 30, right: 200 })
  await until(() => seen.at(-1) === 'a0,a3')
  room.live.agents.setInterest(undefined)
  await until(() => seen.at(-1) === 'a0,a2,a3,a4')
  expect(() => room.live.agents.setInterest({ left: 'x' } as never)).toThrow('left')
  stop()
  // A client of its own: nothing of the first one's interest is left behind.
  hear(mover.live.agents)
  await until(() => Object.keys(mover.live.agents.get() ?? {}).length === 4)
})

test('code that is replaced keeps the values that fit, and those who watch', async () => {
  await using world = await start()
  const room = await join(world)
  const turns = hear(room.live.turns)
  await room.dispatch('turn.take')
  const byTen = gameRoom.on({
    'turn.take': ({ live }) => {
      live.turns.update((count) => count + 10)
      return live.turns.get()
    },
  })
  world.server.replace([byTen])
  expect(await room.dispatch('turn.take')).toBe(11)
  expect(turns).toEqual([0, 1, 11])
})

test('[G2] subscriptions that make no sense cost nobody anything', async () => {
  await using world = await start()
  const witness = await join(world)
  const turns = hear(witness.live.turns)
  using client = await (await WireClient.connect(world)).join(name)
  subscribe(client, 'turns', { room: 'game/never-joined' })
  subscribe(client, 'nothing')
  subscribe(client, '__proto__')
  subscribe(client, 'turns', { interest: { left: 0 } })
  subscribe(client, 'agents', { interest: { left: 'x' } })
  subscribe(client, 'agents', { interest: { left: 0, right: 1, junk: 'x'.repeat(10_000) } })
  subscribe(client, 'vote', { on: false })
  await until(() => client.runtime.filter(({ kind }) => kind === 'live').length === 5)
  const refused = client.runtime.filter((frame) => frame.kind === 'live')
  expect(refused.map((frame) => new Replica().take(frame.message))).toMatchObject([
    { code: 'not-found' },
    { code: 'not-found' },
    { code: 'invalid-input' },
    { code: 'invalid-input' },
    { code: 'too-large' },
  ])
  for (let round = 0; round < 20_000; round++)
    subscribe(client, 'agents', { on: round % 3 > 0, interest: { left: round, right: round + 1 } })
  expect(await witness.dispatch('turn.take')).toBe(1)
  await until(() => turns.at(-1) === 1)
  await client.settled()
  expect(lives(client, 'agents').length).toBeLessThan(200)
  using garbled = await (await WireClient.connect(world)).join(name)
  const frame = encoding.encode((encoder) => {
    encoding.writeUint8(encoder, 0)
    encoding.writeUint8(encoder, 8)
    for (const text of [name, 'turns']) encoding.writeVarString(encoder, text)
    encoding.writeUint8(encoder, 1)
    encoding.writeVarString(encoder, '{')
  })
  garbled.send(frame)
  using live = await (await WireClient.connect(world)).join(name)
  live.send(writeFrame({ kind: 'live', room: name, name: 'turns', message: new Uint8Array([0]) }))
  await until(() => garbled.closed && live.closed)
  expect([garbled.closed!.code, live.closed!.code]).toEqual([4400, 4400])
  expect(await witness.dispatch('turn.take')).toBe(2)
})

test('a session of its own in the same room has its own frames, and an early subscription waits for the join', async () => {
  await using world = await start()
  const key = `${name}\0second`
  using client = await WireClient.connect(world)
  client.auth(key)
  subscribe(client, 'turns', { room: key })
  client.sync(key, 0, new Uint8Array([0]))
  await until(() => lives(client, 'turns').length === 1)
  expect(lives(client, 'turns')[0]!.room).toBe(key)
})

test('live values are nobody’s history: nothing of them is in the log', async () => {
  await using world = await start()
  const room = await join(world)
  hear(room.live.turns)
  for (let turn = 0; turn < 10; turn++) await room.dispatch('turn.quick')
  await world.server.close()
  const log = sqliteLog(world.folder)
  expect(await log.tasks(name, '', 10)).toEqual([])
  expect((await log.load(name)).updates).toEqual([])
  await log.close()
})

async function metric(world: World, of: string): Promise<number> {
  const text = await (await fetch(`${world.http}/metrics`)).text()
  return Number(new RegExp(`^${of} (.*)$`, 'm').exec(text)?.[1])
}
