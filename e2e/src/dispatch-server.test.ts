import { implement, memoryLog, sqliteLog, type UpdateLog } from '@interplay/server'
import { counter, defineRoom, event, list, map } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { heldLog } from './held-log.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const Note = z.object({ text: z.string(), by: z.string() })
const shop = defineRoom('shop/:shopId', {
  state: {
    notes: map(Note),
    stock: counter({ writers: 'handlers' }),
    log: list(z.string(), { writers: 'handlers' }),
  },
  events: {
    note: event(z.object({ text: z.string().default('none') }), z.object({ noteId: z.string() })),
    restock: event(z.object({ by: z.number() }), z.number()),
    close: event(),
    wait: event(undefined, z.number()),
  },
})

let gate = Promise.withResolvers<void>()

const shopRoom = implement(shop).on({
  note: ({ id, input, actor, sessionId, state }) => {
    state.notes.set(id, { text: input.text, by: `${actor.userId} ${sessionId}` })
    return { noteId: id }
  },
  restock: ({ input, state }) => {
    state.stock.add(input.by)
    state.log.push(`restock ${input.by}`)
    return state.stock.value
  },
  close: { guard: ({ actor }) => actor.userId === 'owner', handle: ({ state }) => state.log.push('closed') },
  wait: async ({ state }) => {
    await gate.promise
    return state.log.push('waited') ?? state.log.length
  },
})

const start = (log: UpdateLog = memoryLog(), options = {}) =>
  startWorld({ rooms: [shopRoom], log, ...options })
const shopOf = (world: World, shopId = 'one') => world.server.room(shop, { shopId })

test('the server dispatches to a room that nobody is in, and reads its state', async () => {
  await using world = await start()
  const one = shopOf(world)
  expect(one.name).toBe('shop/one')
  const { noteId } = await one.dispatch('note', { text: 'from the server' })
  expect(await one.dispatch('restock', { by: 3 })).toBe(3)
  expect(await one.dispatch('note', {}, { id: 'mine', actor: { userId: 'ada' } })).toEqual({ noteId: 'mine' })
  expect(await one.state()).toEqual({
    notes: {
      [noteId]: { text: 'from the server', by: 'server null' },
      mine: { text: 'none', by: 'ada null' },
    },
    stock: 3,
    log: ['restock 3'],
  })
  expect(await shopOf(world, 'a b/c').state()).toEqual({ notes: {}, stock: 0, log: [] })
})

test('what the server does reaches the clients in the room', async () => {
  await using world = await start()
  const room = world.client().join(shop, { shopId: 'one' })
  await room.ready
  await shopOf(world).dispatch('restock', { by: 2 })
  await until(() => room.state.stock.value === 2)
  await shopOf(world).change(({ state }) => state.notes.set('a', { text: 'a step', by: 'server' }))
  await until(() => room.state.notes.get('a')?.text === 'a step')
  room.state.notes.set('b', { text: 'an edit', by: 'client' })
  await until(() => room.status.at === 'synced')
  expect(await shopOf(world).state()).toMatchObject({ stock: 2, notes: { a: {}, b: { text: 'an edit' } } })
})

test('[E1] the same id of the same actor runs once, also after a restart', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await start(sqliteLog(folder.path))
    const one = shopOf(world)
    const answers = Array.from({ length: 3 }, () => one.dispatch('restock', { by: 5 }, { id: 'delivery-1' }))
    expect(await Promise.all(answers)).toEqual([5, 5, 5])
    expect(await one.dispatch('restock', { by: 5 }, { id: 'delivery-1', actor: { userId: 'ada' } })).toBe(10)
  }
  await using world = await start(sqliteLog(folder.path))
  expect(await shopOf(world).dispatch('restock', { by: 5 }, { id: 'delivery-1' })).toBe(5)
  expect(await shopOf(world).state()).toMatchObject({ stock: 10 })
})

test('[E6] guards and schemas hold for the server, and errors are typed', async () => {
  await using world = await start()
  const one = shopOf(world)
  await expect(one.dispatch('close')).rejects.toMatchObject({ name: 'InterplayError', code: 'forbidden' })
  await one.dispatch('close', undefined, { actor: { userId: 'owner' } })
  await expect(one.dispatch('restock', { by: 'many' } as never)).rejects.toMatchObject({
    code: 'invalid-input',
    issues: [{ path: ['by'] }],
  })
  await expect(one.dispatch('nothing' as 'close')).rejects.toMatchObject({ code: 'unknown-event' })
  await expect(one.dispatch('close', undefined, { id: '' })).rejects.toMatchObject({ code: 'malformed' })
  await expect(one.dispatch('close', undefined, { id: 'x'.repeat(129) })).rejects.toMatchObject({
    code: 'malformed',
  })
  const other = defineRoom('other/:otherId', {})
  await expect(world.server.room(other, { otherId: 'one' }).state()).rejects.toMatchObject({
    code: 'unknown-room',
  })
  expect(await one.state()).toMatchObject({ log: ['closed'] })
})

test('[E3] a step takes effect as a whole, and durably, or not at all', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const one = shopOf(world)
  const room = world.client().join(shop, { shopId: 'one' })
  await room.ready
  held.hold()
  let over = false
  const step = one.change(async ({ state }) => {
    state.log.push('a')
    await Promise.resolve()
    state.log.push('b')
    return state.log.length
  })
  void step.then(() => {
    over = true
  })
  await until(() => held.waiting > 0)
  room.state.notes.set('x', { text: 'meanwhile', by: 'client' })
  expect([over, room.state.log.length]).toEqual([false, 0])
  held.release()
  expect(await step).toBe(2)
  await until(() => room.state.log.length === 2)
  await expect(
    one.change(({ state, fail }) => {
      state.log.push('c')
      fail('conflict', 'Not this one', { why: 'because' })
    }),
  ).rejects.toMatchObject({ code: 'conflict', details: { why: 'because' } })
  await expect(
    one.change(async ({ state }) => {
      state.log.push('d')
      throw new Error('a bug')
    }),
  ).rejects.toMatchObject({ code: 'internal' })
  expect(await one.change(({ state }) => state.log.toJSON())).toEqual(['a', 'b'])
})

test('[E2] events and steps of the server run in their order, one at a time, with those of clients', async () => {
  await using world = await start()
  const one = shopOf(world)
  const room = world.client().join(shop, { shopId: 'one' })
  await room.ready
  gate = Promise.withResolvers()
  const all: Promise<unknown>[] = [one.dispatch('wait')]
  for (let by = 1; by <= 20; by++) {
    all.push(one.dispatch('restock', { by }))
    all.push(one.change(({ state }) => state.log.push(`step ${by}`)))
  }
  const last = room.dispatch('restock', { by: 100 })
  gate.resolve()
  await Promise.all([...all, last])
  const expected = Array.from({ length: 20 }, (_, index) => [
    `restock ${index + 1}`,
    `step ${index + 1}`,
  ]).flat()
  const { log } = await one.state()
  expect(log.filter((entry) => entry !== 'restock 100')).toEqual(['waited', ...expected])
  expect(log).toContain('restock 100')
})

test('a room that was opened for the server leaves memory again, and what it did is kept', async () => {
  const log = memoryLog()
  await using world = await start(log, { unloadAfterMs: 0 })
  for (let index = 0; index < 10; index++) {
    await shopOf(world).dispatch('restock', { by: 1 })
    while (!(await (await fetch(`${world.http}/metrics`)).text()).includes('interplay_rooms 0'))
      await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(await shopOf(world).state()).toMatchObject({ stock: 10 })
})

test('after the server is closed, nothing is dispatched', async () => {
  const world = await start()
  const one = shopOf(world)
  await one.dispatch('restock', { by: 1 })
  await world[Symbol.asyncDispose]()
  await expect(one.dispatch('restock', { by: 1 })).rejects.toMatchObject({ code: 'unavailable' })
})

test('[E6] a room is also known by its name: what it takes is checked when it runs', async () => {
  await using world = await start()
  const { name } = shopOf(world)
  const named = world.server.room(name)
  await named.dispatch('restock', { by: 2 }, { id: 'once' })
  await named.dispatch('restock', { by: 2 }, { id: 'once' })
  expect(await named.state()).toMatchObject({ stock: 2 })
  await expect(named.dispatch('restock', { by: 'two' })).rejects.toMatchObject({
    code: 'invalid-input',
    issues: [{ path: ['by'] }],
  })
  await expect(named.dispatch('no-such-event')).rejects.toMatchObject({ code: 'unknown-event' })
})
