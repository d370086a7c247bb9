import { jwt, memoryLog } from '@interplay/server'
import { defineRoom, event } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { heldLog } from './held-log.ts'
import { operate } from './operate.ts'
import { startReceiver, webhookSecret } from './receiver.ts'
import { until } from './until.ts'
import { work, workRoom } from './work-room.ts'
import { startWorld, type World } from './world.ts'

const room = (world: World, id = 'a') => world.server.room(work, { id })
const noted = async (world: World, id = 'b') => (await room(world, id).state()).log
const tasks = async (world: World, name = 'work/a') => (await operate(world, name).jobs()).jobs
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => String(n + from))

/** A room whose webhooks go to these addresses. */
const posting = (endpoints: Record<string, string>, timeoutMs = 5_000) =>
  workRoom().webhooks(
    Object.fromEntries(
      Object.entries(endpoints).map(([name, url]) => [name, { url, secret: webhookSecret, timeoutMs }]),
    ),
  )

test('[E7] events for other rooms run there once, in the order in which they were sent', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  await Promise.all(
    numbers(20).map((n) => room(world).dispatch('send', { to: 'b', texts: [`${n}.0`, `${n}.1`, `${n}.2`] })),
  )
  await until(async () => (await noted(world)).length === 60)
  expect(await noted(world)).toEqual(numbers(20).flatMap((n) => [`${n}.0`, `${n}.1`, `${n}.2`]))
  await until(async () => (await tasks(world)).length === 0)
  expect((await room(world).state()).asked).toBe(20)
})

test('[E7] an event for its own room runs behind the one that sent it', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  await room(world).dispatch('send', { to: 'a', texts: ['1', '2'] })
  await until(async () => (await noted(world, 'a')).length === 2)
  expect(await room(world).state()).toMatchObject({ log: ['1', '2'], asked: 1 })
})

test('[E1] an event that is dispatched again, because its end was not recorded, runs once', async () => {
  const log = memoryLog()
  let isCut = false
  /** The room that sends cannot append any more. */
  const cut = new Proxy(log, {
    get(target, key) {
      if (key === 'close') return async () => {}
      const member = Reflect.get(target, key) as (...args: unknown[]) => unknown
      return (...args: unknown[]) =>
        key === 'append' && isCut && args[0] === 'work/a' ? new Promise(() => {}) : member.apply(target, args)
    },
  })
  {
    await using world = await startWorld({ rooms: [workRoom()], log: cut, closeDeadlineMs: 50 })
    await room(world).dispatch('send', { to: 'b', texts: ['once', 'behind'] })
    isCut = true
    await until(async () => (await noted(world)).length > 0)
    await world.server.close()
  }
  isCut = false
  await using world = await startWorld({ rooms: [workRoom()], log: cut })
  await until(async () => (await tasks(world)).length === 0)
  expect(await noted(world)).toEqual(['once', 'behind'])
})

test('[E7] an event that its room refuses is dead, is seen, holds up none, and is tried again by hand', async () => {
  let isSoldOut = true
  const code = workRoom().on({
    refuse: ({ input, state, fail }) => {
      if (isSoldOut) fail('sold-out', 'There are none left')
      state.log.push(input.text)
    },
  })
  await using world = await startWorld({ rooms: [code] })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('send', { to: 'b', event: 'refuse', texts: ['first'] })
  await room(world).dispatch('send', { to: 'b', texts: ['second'] })
  await until(async () => (await noted(world)).length === 1)
  await until(async () => (await tasks(world)).length === 1)
  const [dead] = await tasks(world)
  expect(dead).toMatchObject({
    kind: 'event',
    state: 'dead',
    to: 'work/b',
    name: 'refuse',
    input: { text: 'first' },
    userId: 'server',
    error: 'sold-out: There are none left',
    due: null,
  })
  expect(await operator.metric('interplay_tasks_total{kind="event",outcome="dead"}')).toBe(1)
  isSoldOut = false
  // The refusal is the reply to its id for good: by hand it goes with another.
  expect((await operator.retry(dead!.id)).status).toBe(204)
  await until(async () => (await noted(world)).length === 2)
  expect(await noted(world)).toEqual(['second', 'first'])
  await until(async () => (await tasks(world)).length === 0)
})

test('[E7] an event for a room that cannot answer yet waits for it, and so do those behind it, but no others', async () => {
  let isBusy = true
  const code = workRoom().on({
    busy: ({ input, state, fail }) => {
      if (isBusy) fail('unavailable', 'Come back later')
      state.log.push(input.text)
    },
  })
  await using world = await startWorld({ rooms: [code] })
  await room(world).dispatch('send', { to: 'b', event: 'busy', texts: ['1'] })
  await room(world).dispatch('send', { to: 'b', texts: ['2'] })
  await room(world).dispatch('send', { to: 'c', texts: ['elsewhere'] })
  await until(async () => (await noted(world, 'c')).length === 1)
  await until(async () => (await tasks(world))[0]?.failures === 2)
  expect(await tasks(world)).toMatchObject([
    { name: 'busy', state: 'waiting', error: 'unavailable: Come back later' },
    { name: 'note', state: 'waiting', failures: 0, due: null },
  ])
  isBusy = false
  await until(async () => (await noted(world)).length === 2)
  expect(await noted(world)).toEqual(['1', '2'])
})

test('[E7] an event for a room that this server does not have is dead; one that cannot be is never sent', async () => {
  const elsewhere = defineRoom('elsewhere/:id', { events: { note: event(z.object({ text: z.string() })) } })
  await using world = await startWorld({ rooms: [workRoom()] })
  await room(world).change(({ send }) => send(elsewhere, { id: 'b' }, 'note', { text: 'x' }))
  await until(async () => (await tasks(world))[0]?.state === 'dead')
  expect(await tasks(world)).toMatchObject([
    { to: 'elsewhere/b', failures: 1, error: expect.stringMatching(/^unknown-room: /) },
  ])
  for (const [id, text] of [
    ['', 'x'],
    ['\uD800', 'x'],
    ['b', 1 as never],
  ] as const)
    await expect(
      room(world).change(({ send }) => send(work, { id }, 'note', { text })),
    ).rejects.toMatchObject({ code: 'invalid-input' })
  expect((await tasks(world)).length).toBe(1)
})

test('[E7] a webhook that is under way when the server closes is waited for, and not sent twice', async () => {
  const log = memoryLog()
  const kept = new Proxy(log, {
    get: (target, key) =>
      key === 'close' ? async () => {} : (Reflect.get(target, key) as () => unknown).bind(target),
  })
  const arrived = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<number>()
  await using receiver = await startReceiver((_, count) => {
    arrived.resolve()
    return count === 1 ? answer.promise : 200
  })
  const rooms = [posting({ crm: receiver.url })]
  {
    await using world = await startWorld({ rooms, log: kept })
    await room(world).dispatch('post', { texts: ['0', '1'] })
    await arrived.promise
    const closed = world.server.close()
    answer.resolve(200)
    expect(await closed).toEqual([])
  }
  expect(receiver.accepted).toEqual(['0'])
  await using world = await startWorld({ rooms, log: kept })
  await until(async () => (await tasks(world)).length === 0)
  expect(receiver.received.map(({ text }) => text)).toEqual(['0', '1'])
})

test('[E7] webhooks reach their endpoint in order, signed, whatever it does meanwhile', async () => {
  const answers = [500, 'reset', 'hang', 503, 429] as const
  const ids = new Map<string, Set<string>>()
  await using receiver = await startReceiver(({ text, deliveryId }, count) => {
    const own = ids.get(text) ?? new Set()
    ids.set(text, own.add(deliveryId))
    return count % 4 === 0 ? (answers[(count / 4 - 1) % answers.length] ?? 200) : 200
  })
  await using world = await startWorld({ rooms: [posting({ crm: receiver.url }, 200)] })
  const texts = numbers(12)
  for (const text of texts) await room(world).dispatch('post', { texts: [text] })
  await until(() => receiver.accepted.length === 12, 25_000)
  expect(receiver.accepted).toEqual(texts)
  await until(async () => (await tasks(world)).length === 0)
  for (const own of ids.values()) expect(own.size).toBe(1)
  expect(new Set([...ids.values()].map(([id]) => id)).size).toBe(12)
})

test('[E7] what is posted while an endpoint fails does not hurry it, and endpoints do not wait for each other', async () => {
  let isDown = true
  await using down = await startReceiver(() => (isDown ? 500 : 200))
  await using up = await startReceiver(() => 200)
  await using world = await startWorld({
    rooms: [posting({ crm: down.url, shop: up.url })],
    unloadAfterMs: 5,
  })
  await room(world).dispatch('post', { texts: ['0'] })
  await until(async () => (await tasks(world))[0]?.failures === 1)
  const dueAt = (await tasks(world))[0]!.due!
  for (const text of numbers(20, 1)) await room(world).dispatch('post', { texts: [text] })
  await room(world).dispatch('post', { endpoint: 'shop', texts: ['x', 'y'] })
  await until(() => up.accepted.length === 2)
  expect(down.received.length === 1 || Date.now() >= dueAt).toBe(true)
  isDown = false
  await until(() => down.accepted.length === 21)
  expect(down.accepted).toEqual(numbers(21))
  await until(async () => (await tasks(world)).length === 0)
})

test('[E7] a webhook that is refused for good is dead, is seen, holds up none, and goes by hand', async () => {
  let isGone = true
  await using receiver = await startReceiver(({ text }) => (text === 'first' && isGone ? 410 : 200))
  await using world = await startWorld({ rooms: [posting({ crm: receiver.url })] })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('post', { texts: ['first', 'second', 'third'] })
  await until(() => receiver.accepted.length === 2)
  expect(receiver.accepted).toEqual(['second', 'third'])
  await until(async () => (await tasks(world)).length === 1)
  const [dead] = await tasks(world)
  expect(dead).toMatchObject({ kind: 'webhook', state: 'dead', to: 'crm', name: 'noted', failures: 1 })
  expect(dead!.error).toMatch(/410/)
  // Those that are dead are passed over by the next ones.
  await room(world).dispatch('post', { texts: ['fourth'] })
  await until(() => receiver.accepted.length === 3)
  isGone = false
  expect((await operator.retry(dead!.id)).status).toBe(204)
  await until(() => receiver.accepted.length === 4)
  expect(receiver.accepted[3]).toBe('first')
  const ofFirst = receiver.received.filter(({ text }) => text === 'first')
  expect(new Set(ofFirst.map(({ deliveryId }) => deliveryId)).size).toBe(1)
  await until(async () => (await tasks(world)).length === 0)
})

test('an operator takes away a webhook that fails, and those behind it go at once', async () => {
  await using receiver = await startReceiver(({ text }) => (text === 'bad' ? 500 : 200))
  await using world = await startWorld({ rooms: [posting({ crm: receiver.url })], unloadAfterMs: 5 })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('post', { texts: ['bad', 'good'] })
  await until(async () => (await tasks(world))[0]?.failures === 3)
  const [bad] = await tasks(world)
  expect((await operator.drop(bad!.id)).status).toBe(204)
  await until(() => receiver.accepted.length === 1)
  await until(async () => (await tasks(world)).length === 0)
  await until(async () => (await operator.metric('interplay_tasks_waiting')) === 0)
  expect((await operator.drop(bad!.id)).status).toBe(404)
})

test('[E7] what is posted in the very moment in which the queue ends is delivered', async () => {
  const { log, hold, release } = heldLog(memoryLog())
  await using receiver = await startReceiver(() => 200)
  await using world = await startWorld({ rooms: [posting({ crm: receiver.url })], log })
  const operator = operate(world, 'work/a')
  for (let round = 0; round < 30; round++) {
    const before = receiver.accepted.length
    await room(world).dispatch('post', { texts: [`${round}.0`] })
    await until(() => receiver.accepted.length === before + 1)
    // Its end is on the way to the log now, or the end of the queue is.
    hold()
    for (let turn = 0; turn < round % 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    const posted = room(world).dispatch('post', { texts: [`${round}.1`] })
    for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve))
    release()
    await posted
    await until(() => receiver.accepted.length === before + 2)
  }
  await until(async () => (await operator.metric('interplay_tasks_waiting')) === 0)
  expect(receiver.accepted.length).toBe(60)
})

test('[E7] a webhook whose endpoint is gone from the code is dead, and goes once it is back', async () => {
  await using receiver = await startReceiver(() => 200)
  await using world = await startWorld({ rooms: [posting({ crm: 'http://127.0.0.1:9/' })] })
  await room(world).dispatch('post', { texts: ['x'] })
  await until(async () => (await tasks(world))[0]?.failures === 1)
  world.server.replace([posting({ other: receiver.url })])
  await until(async () => (await tasks(world))[0]?.state === 'dead')
  expect((await tasks(world))[0]!.error).toBe("This server has no webhook endpoint 'crm'.")
  await expect(room(world).dispatch('post', { texts: ['y'] })).rejects.toMatchObject({ code: 'not-found' })
  world.server.replace([posting({ crm: receiver.url })])
  await operate(world, 'work/a').retry((await tasks(world))[0]!.id)
  await until(() => receiver.accepted.length === 1)
})

test('code with an endpoint that cannot work is refused before it changes anything', async () => {
  await using world = await startWorld({ rooms: [workRoom()], auth: jwt({ secret: 'x'.repeat(32) }) })
  const bad = workRoom().webhooks({ crm: { url: 'ftp://example.com', secret: webhookSecret } })
  expect(() => world.server.replace([bad])).toThrow(TypeError)
  await room(world).dispatch('note', { text: 'still here' })
  expect(await noted(world, 'a')).toEqual(['still here'])
})
