import { implement } from '@interplay/server'
import { defineRoom, event, list } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const shop = defineRoom('shop/:id', {
  state: { orders: list(z.string()) },
  events: { order: event(z.object({ item: z.string() }), z.object({ count: z.number() })) },
})

test('[E1] an event that failed for the time being runs when it comes again with the same id', async () => {
  let isUp = false
  let runs = 0
  const room = implement(shop).on({
    order: ({ input, state, fail }) => {
      runs += 1
      state.orders.push(input.item)
      if (!isUp) fail('unavailable', 'The till is closed.')
      return { count: state.orders.length }
    },
  })
  await using world = await startWorld({ rooms: [room] })
  using client = await WireClient.connect(world)
  await client.join('shop/1')
  client.dispatch('shop/1', 'one', 'order', { item: 'tea' })
  expect(await client.answered('one')).toMatchObject({ ok: false, error: { code: 'unavailable' } })
  client.runtime.length = 0
  isUp = true
  client.dispatch('shop/1', 'one', 'order', { item: 'tea' })
  expect(await client.answered('one')).toEqual({ ok: true, output: { count: 1 } })
  client.runtime.length = 0
  client.dispatch('shop/1', 'one', 'order', { item: 'tea' })
  expect(await client.answered('one')).toEqual({ ok: true, output: { count: 1 } })
  expect(runs).toBe(2)
})
