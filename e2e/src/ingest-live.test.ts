import { connect } from 'node:net'
import { implement, jwt } from '@interplay/server'
import { defineRoom, event, list, text } from '@interplay/shared'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { board, boardRoom } from './board.ts'
import { EventReader } from './event-source.ts'
import { until } from './until.ts'
import { startWorld, type World } from './world.ts'

const plant = defineRoom('plant/:plantId', {
  state: { name: text(), readings: list(z.number(), { writers: 'handlers' }) },
  signals: { alarm: z.object({ level: z.number() }) },
  events: { measured: event(z.object({ value: z.number() })) },
})

const plantRoom = implement(plant).on({
  measured: ({ input, state, signal, actor }) => {
    state.readings.push(input.value)
    if (input.value > 100) signal('alarm', { level: input.value })
    if (input.value > 200) signal('alarm', { level: -1 }, { users: [`not ${actor.userId}`] })
  },
})

const path = `/api/rooms/${encodeURIComponent('plant/one')}`

async function measure(world: World, value: number): Promise<void> {
  const response = await fetch(`${world.http}${path}/events/measured`, {
    method: 'POST',
    body: JSON.stringify({ value }),
  })
  expect(response.status).toBe(200)
}

async function roomsOpen(world: World): Promise<number> {
  const metrics = await (await fetch(`${world.http}/metrics`)).text()
  return Number(/interplay_rooms (\d+)/.exec(metrics)?.[1])
}

async function untilRooms(world: World, count: number): Promise<void> {
  for (let asked = 0; (await roomsOpen(world)) !== count; asked++) {
    if (asked > 5_000) throw new Error(`there are not ${count} rooms`)
  }
}

test('a watcher gets the state, the state after each change, and signals', async () => {
  await using world = await startWorld({ rooms: [plantRoom] })
  await using reader = (await EventReader.open(`${world.http}${path}/live`)).read()
  expect(reader.response.headers.get('content-type')).toBe('text/event-stream')
  await until(() => reader.state)
  expect(reader.state).toEqual({ name: '', readings: [] })
  await measure(world, 21)
  await until(() => (reader.state as { readings: number[] }).readings.length === 1)
  await measure(world, 210)
  await until(() => reader.of('signal').length === 1)
  expect(reader.of('signal')).toEqual([{ name: 'alarm', payload: { level: 210 } }])
  await until(() => (reader.state as { readings: number[] }).readings.length === 2)
  const ids = reader.events.map(({ id }) => Number(id))
  expect(ids).toEqual(ids.map((_, index) => index + 1))
})

test('[V1] many changes are few states, and the last one is whole', async () => {
  await using world = await startWorld({ rooms: [plantRoom] })
  await using reader = (await EventReader.open(`${world.http}${path}/live`)).read()
  await until(() => reader.state)
  const client = world.client().join(plant, { plantId: 'one' })
  await client.ready
  const word = 'a long name of a plant '.repeat(20)
  for (const letter of word) client.state.name.insert(client.state.name.length, letter)
  await until(() => (reader.state as { name: string }).name === word)
  expect(reader.of('state').length).toBeLessThan(word.length / 4)
})

test('[G1] a watcher that does not read gets the latest state when it does, and none of those between', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  await using reader = await EventReader.open(
    `${world.http}/api/rooms/${encodeURIComponent('board/q3')}/live`,
  )
  const client = world.client().join(board, { boardId: 'q3' })
  await client.ready
  await using other = (
    await EventReader.open(`${world.http}/api/rooms/${encodeURIComponent('board/q3')}/live`)
  ).read()
  const piece = 'x'.repeat(500_000)
  let length = 0
  for (let round = 0; round < 12; round++) {
    client.state.title.insert(0, piece)
    length += piece.length
    await until(() => (other.state as { title: string } | undefined)?.title.length === length)
  }
  client.state.title.delete(0, length - 5)
  await until(() => (other.state as { title: string }).title === 'xxxxx')
  reader.read()
  await until(() => (reader.state as { title: string } | undefined)?.title === 'xxxxx')
  expect(reader.bytes).toBeLessThan(other.bytes / 2)
})

test('a room stays open while somebody watches, and no longer', async () => {
  await using world = await startWorld({ rooms: [plantRoom], unloadAfterMs: 1 })
  {
    await using reader = (await EventReader.open(`${world.http}${path}/live`)).read()
    await until(() => reader.state)
    await measure(world, 1)
    await until(() => (reader.state as { readings: number[] }).readings.length === 1)
    expect(await roomsOpen(world)).toBe(1)
  }
  await untilRooms(world, 0)
  await measure(world, 2)
  await untilRooms(world, 0)
})

test('[G2] readers that go before they are answered leave nothing behind', async () => {
  await using world = await startWorld({ rooms: [plantRoom], unloadAfterMs: 1 })
  expect((await fetch(`${world.http}${path}/live`, { method: 'HEAD' })).status).toBe(200)
  const url = new URL(`${world.http}${path}/live`)
  for (let reader = 0; reader < 20; reader++) {
    const socket = connect(Number(url.port), url.hostname)
    socket.on('error', () => {})
    socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    if (reader % 2) await new Promise((resolve) => socket.once('data', resolve))
    else await new Promise((resolve) => socket.once('connect', resolve))
    if (reader % 4 > 1) socket.resetAndDestroy()
    else socket.destroy()
  }
  await untilRooms(world, 0)
  expect(await (await fetch(`${world.http}/metrics`)).text()).toContain('interplay_watchers 0')
})

test('a watcher that comes back goes on counting, and ends with the server', async () => {
  await using world = await startWorld({ rooms: [plantRoom] })
  await using reader = (await EventReader.open(`${world.http}${path}/live`, { 'last-event-id': '41' })).read()
  await until(() => reader.state)
  expect(reader.events[0]!.id).toBe('42')
  await using odd = (await EventReader.open(`${world.http}${path}/live`, { 'last-event-id': '1e400' })).read()
  await until(() => odd.state)
  expect(odd.events[0]!.id).toBe('1')
  await world.server.close()
  await until(() => reader.ended && odd.ended)
})

test('the token is in a header or in the URL, and is verified', async () => {
  const secret = 'a secret that has at least 32 bytes'
  const token = await new SignJWT({ sub: 'ada' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret))
  await using world = await startWorld({ rooms: [plantRoom], auth: jwt({ secret }) })
  const url = `${world.http}${path}/live`
  for (const [address, headers] of [
    [`${url}?token=${token}`, {}],
    [url, { authorization: `Bearer ${token}` }],
  ] as const) {
    await using reader = (await EventReader.open(address, headers)).read()
    await until(() => reader.state)
  }
  for (const address of [url, `${url}?token=forged`]) {
    const response = await fetch(address)
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } })
  }
  // Only here, because a URL ends up in logs.
  expect((await fetch(`${world.http}${path}?token=${token}`)).status).toBe(401)
})
