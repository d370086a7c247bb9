import { type AnyImplementation, implement, memoryLog } from '@interplay/server'
import { defineRoom, event, list } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const oven = defineRoom('oven/:ovenId', {
  state: { log: list(z.string(), { writers: 'handlers' }) },
  signals: { ding: z.object({}) },
  events: { bake: event(undefined, z.number()), taste: event(undefined, z.number()) },
})
const ovenRoom = implement(oven).on({ taste: ({ state }) => state.log.length })

async function open(implementation: AnyImplementation, options = {}) {
  await using stack = new AsyncDisposableStack()
  const world = stack.use(await startWorld({ rooms: [implementation], log: memoryLog(), ...options }))
  const room = world.client().join(oven, { ovenId: 'one' })
  await room.ready
  const rest = stack.move()
  return { world, room, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

test('[E3] past its own deadline an event is told by its signal, and nothing of it is left', async () => {
  const aborted = Promise.withResolvers<unknown>()
  const late = Promise.withResolvers<unknown>()
  await using at = await open(
    ovenRoom.on({
      bake: {
        deadlineMs: 20,
        handle: async ({ state, signal, abortSignal }) => {
          state.log.push('half done')
          signal('ding', {})
          await new Promise((resolve) => abortSignal.addEventListener('abort', resolve))
          aborted.resolve(abortSignal.reason)
          await new Promise((resolve) => setImmediate(resolve))
          for (const write of [() => state.log.push('too late'), () => signal('ding', {})]) {
            try {
              write()
              late.resolve('it could write')
            } catch (error) {
              late.resolve(error)
            }
          }
          return 1
        },
      },
    }),
  )
  const heard: unknown[] = []
  at.room.onSignal('ding', (payload) => heard.push(payload))
  await expect(at.room.dispatch('bake')).rejects.toMatchObject({
    code: 'deadline-exceeded',
    retry: true,
    message: "The handler of 'bake' took longer than 20 ms.",
  })
  expect(await aborted.promise).toMatchObject({ code: 'deadline-exceeded' })
  expect(String(await late.promise)).toContain('has ended')
  expect(await at.room.dispatch('taste')).toBe(0)
  expect(at.room.state.log.length).toBe(0)
  expect(heard).toEqual([])
})

test('one event may take longer than the others', async () => {
  await using at = await open(
    ovenRoom.on({
      bake: {
        deadlineMs: 10_000,
        handle: async ({ abortSignal }) => {
          // Longer than the deadline of the server.
          await new Promise((resolve) => setTimeout(resolve, 50))
          return abortSignal.aborted ? 0 : 1
        },
      },
      taste: () => new Promise<number>(() => {}),
    }),
    { handlerDeadlineMs: 10 },
  )
  expect(await at.room.dispatch('bake')).toBe(1)
  await expect(at.room.dispatch('taste')).rejects.toMatchObject({ message: expect.stringContaining('10 ms') })
})

test('[E6] a guard and middleware are within the deadline of their event, and are not stored', async () => {
  let hangs = true
  const slow = () => (hangs ? new Promise<boolean>(() => {}) : true)
  await using at = await open(
    ovenRoom.on({
      bake: { deadlineMs: 20, guard: slow, handle: () => 1 },
      taste: {
        deadlineMs: 20,
        use: async (_, next) => {
          await slow()
          return next()
        },
        handle: () => 2,
      },
    }),
  )
  using wire = await (await WireClient.connect(at.world)).join('oven/one')
  for (const name of ['bake', 'taste']) wire.dispatch('oven/one', name, name)
  for (const name of ['bake', 'taste'])
    expect(await wire.answered(name)).toMatchObject({ ok: false, error: { code: 'deadline-exceeded' } })
  hangs = false
  wire.runtime.length = 0
  for (const name of ['bake', 'taste']) wire.dispatch('oven/one', name, name, undefined, 1)
  expect(await wire.answered('bake')).toEqual({ ok: true, output: 1 })
  expect(await wire.answered('taste')).toEqual({ ok: true, output: 2 })
})

test('[E1] a handler that ran out of time has run: the same id is told the same', async () => {
  let runs = 0
  await using at = await open(
    ovenRoom.on({
      bake: {
        deadlineMs: 20,
        handle: () => {
          runs += 1
          return new Promise<number>(() => {})
        },
      },
    }),
  )
  using wire = await (await WireClient.connect(at.world)).join('oven/one')
  for (let attempt = 0; attempt < 2; attempt++) {
    wire.runtime.length = 0
    wire.dispatch('oven/one', 'same', 'bake', undefined, attempt)
    expect(await wire.answered('same')).toMatchObject({ ok: false, error: { code: 'deadline-exceeded' } })
  }
  expect(runs).toBe(1)
})
