import { implement, memoryLog, type RateLimit, rateLimit } from '@interplay/server'
import { counter, defineRoom, event } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { WireClient } from './wire-client.ts'
import { startWorld, type World } from './world.ts'

const door = defineRoom('door/:doorId', {
  state: { knocks: counter({ writers: 'handlers' }) },
  events: { knock: event(undefined, z.number()), look: event(undefined, z.number()) },
})
const doorRoom = implement(door).on({
  knock: ({ state }) => {
    state.knocks.add(1)
    return state.knocks.value
  },
  look: ({ state }) => state.knocks.value,
})

/** A world whose clock stands still. */
async function open(rooms = doorRoom.use(rateLimit({ perSecond: 2 }))) {
  let now = 1_000_000
  const world = await startWorld({ rooms: [rooms], log: memoryLog(), clock: () => now })
  return Object.assign(world, {
    pass(ms: number) {
      now += ms
    },
  })
}

async function enter(world: World, user: string, doorId = 'one') {
  const room = world.client({ token: user }).join(door, { doorId })
  await room.ready
  return room
}

const limited = (retryAfterMs: number) =>
  expect.objectContaining({ code: 'rate-limited', retry: true, details: { retryAfterMs } })

test('events beyond the rate are refused with the time until the next one passes', async () => {
  await using world = await open()
  const room = await enter(world, 'ada')
  expect(await room.dispatch('knock')).toBe(1)
  expect(await room.dispatch('knock')).toBe(2)
  await expect(room.dispatch('knock')).rejects.toEqual(limited(500))
  world.pass(200)
  await expect(room.dispatch('knock')).rejects.toEqual(limited(300))
  world.pass(300)
  expect(await room.dispatch('knock')).toBe(3)
  await expect(room.dispatch('knock')).rejects.toEqual(limited(500))
  world.pass(3_600_000)
  expect(await room.dispatch('knock')).toBe(4)
  expect(await room.dispatch('knock')).toBe(5)
  await expect(room.dispatch('knock')).rejects.toEqual(limited(500))
  expect(room.state.knocks.value).toBe(5)
})

test('[E1] an id that was refused passes later, and runs once; a stored reply costs nothing of the rate', async () => {
  await using world = await open(doorRoom.use(rateLimit({ perSecond: 1 })))
  using wire = await (await WireClient.connect(world)).join('door/one', 'ada')
  const ask = async (id: string, attempt: number) => {
    wire.runtime.length = 0
    wire.dispatch('door/one', id, 'knock', undefined, attempt)
    return wire.answered(id)
  }
  expect(await ask('first', 0)).toEqual({ ok: true, output: 1 })
  expect(await ask('second', 0)).toMatchObject({
    ok: false,
    error: { code: 'rate-limited', details: { retryAfterMs: 1_000 } },
  })
  expect(await ask('first', 1)).toEqual({ ok: true, output: 1 })
  world.pass(1_000)
  expect(await ask('second', 1)).toEqual({ ok: true, output: 2 })
  expect(await ask('second', 2)).toEqual({ ok: true, output: 2 })
  expect(await ask('third', 0)).toMatchObject({ ok: false, error: { code: 'rate-limited' } })
})

/** What becomes of one knock each of two sessions of Ada, one of Bob, and one of Ada in another room. */
const whose: [RateLimit['by'], boolean[]][] = [
  ['user', [true, false, true, true]],
  ['session', [true, true, true, true]],
  ['room', [true, false, false, true]],
]

test.each(whose)('a rate by %s is that of everybody it should be', async (by, passes) => {
  await using world = await open(doorRoom.use(rateLimit({ perSecond: 1, by: by! })))
  const rooms = [
    await enter(world, 'ada'),
    await enter(world, 'ada'),
    await enter(world, 'bob'),
    await enter(world, 'ada', 'two'),
  ]
  const passed: boolean[] = []
  for (const room of rooms)
    passed.push(
      await room.dispatch('knock').then(
        () => true,
        ({ code }) => code !== 'rate-limited',
      ),
    )
  expect(passed).toEqual(passes)
})

test('a rate of one event counts that event alone; that of all counts every one', async () => {
  await using world = await open(
    doorRoom.use(rateLimit({ perSecond: 1, burst: 4 })).on({
      knock: { use: rateLimit({ perSecond: 1 }), handle: () => 0 },
    }),
  )
  const room = await enter(world, 'ada')
  await room.dispatch('knock')
  await expect(room.dispatch('knock')).rejects.toEqual(limited(1_000))
  await room.dispatch('look')
  await room.dispatch('look')
  await expect(room.dispatch('look')).rejects.toEqual(limited(1_000))
})

test('[E6] an event without a valid input does not count, one that a guard refuses does', async () => {
  await using world = await open(
    doorRoom.use(rateLimit({ perSecond: 1, burst: 2 })).on({ look: { guard: () => false, handle: () => 0 } }),
  )
  const room = await enter(world, 'ada')
  for (let count = 0; count < 3; count++)
    await expect(room.dispatch('knock', 'an input' as never)).rejects.toMatchObject({ code: 'invalid-input' })
  await expect(room.dispatch('look')).rejects.toMatchObject({ code: 'forbidden' })
  expect(await room.dispatch('knock')).toBe(1)
  await expect(room.dispatch('knock')).rejects.toEqual(limited(1_000))
})

test('over HTTP it is a 429 that says when to come back', async () => {
  await using world = await open(doorRoom.use(rateLimit({ perSecond: 0.4, by: 'session' })))
  const knock = () => fetch(`${world.http}/api/rooms/door%2Fone/events/knock`, { method: 'POST' })
  expect((await knock()).status).toBe(200)
  const response = await knock()
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3'])
  expect(await response.json()).toMatchObject({
    error: { code: 'rate-limited', details: { retryAfterMs: 2_500 } },
  })
})
