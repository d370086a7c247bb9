import { type AnyImplementation, implement, memoryLog } from '@interplay/server'
import { defineRoom, event, list, value } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const desk = defineRoom('desk/:deskId', {
  state: {
    lines: list(z.string(), { writers: 'handlers' }),
    draft: value(z.string(), { writers: 'handlers' }),
  },
  signals: { bell: z.object({ from: z.string() }) },
  events: {
    write: event(z.object({ text: z.string().default('nothing') }), z.object({ count: z.number() })),
    clear: event(),
  },
})

/** What ran, oldest first. */
let ran: string[] = []

const deskRoom = implement(desk)
  .admit(({ token }) => {
    ran = []
    return { userId: token.sub, mayClear: false }
  })
  .on({
    write: {
      guard: () => ran.push('guard') > 0,
      handle: ({ input, state }) => {
        ran.push('handler')
        state.lines.push(input.text)
        return { count: state.lines.length }
      },
    },
    clear: {
      guard: ({ actor }) => actor.mayClear,
      handle: ({ state }) => state.lines.delete(0, state.lines.length),
    },
  })

async function open(implementation: AnyImplementation, options = {}) {
  await using stack = new AsyncDisposableStack()
  const world = stack.use(await startWorld({ rooms: [implementation], log: memoryLog(), ...options }))
  const room = world.client().join(desk, { deskId: 'one' })
  await room.ready
  const wire = stack.use(await (await WireClient.connect(world)).join('desk/one'))
  const rest = stack.move()
  return { world, room, wire, [Symbol.asyncDispose]: () => rest.disposeAsync() }
}

test('middleware runs in the order of its definition, guard and handler inside, and back', async () => {
  const layer =
    (name: string) =>
    ({ input }: { input: unknown }, next: () => unknown) => {
      ran.push(`${name} ${JSON.stringify(input)}`)
      const result = next()
      ran.push(`${name} after`)
      return result
    }
  await using at = await open(deskRoom.use(layer('a'), layer('b')).use(layer('c')))
  expect(await at.room.dispatch('write', {})).toEqual({ count: 1 })
  const input = '{"text":"nothing"}'
  expect(ran).toEqual([
    `a ${input}`,
    `b ${input}`,
    `c ${input}`,
    'guard',
    'handler',
    'c after',
    'b after',
    'a after',
  ])
})

test('middleware of one event runs inside that of all, and for no other event', async () => {
  const note = (name: string) => (_: unknown, next: () => unknown) => {
    ran.push(name)
    return next()
  }
  await using at = await open(
    deskRoom.use(note('all')).on({
      write: { use: [note('first'), note('second')], handle: () => ({ count: ran.push('handler') }) },
      clear: { use: note('clear'), handle: () => void ran.push('handler') },
    }),
  )
  await at.room.dispatch('write', {})
  expect(ran.splice(0)).toEqual(['all', 'first', 'second', 'handler'])
  await at.room.dispatch('clear')
  expect(ran).toEqual(['all', 'clear', 'handler'])
})

test('asynchronous middleware waits before and after, and may change the output', async () => {
  const outputs: unknown[] = []
  await using at = await open(
    deskRoom.use(async (_, next) => {
      await Promise.resolve()
      const output = (await next()) as { count: number }
      outputs.push(output)
      await new Promise((resolve) => setImmediate(resolve))
      return { count: output.count * 10 }
    }),
  )
  expect(await at.room.dispatch('write', { text: 'one' })).toEqual({ count: 10 })
  expect(await at.room.dispatch('write', { text: 'two' })).toEqual({ count: 20 })
  expect(outputs).toEqual([{ count: 1 }, { count: 2 }])
  expect(at.room.state.lines.toJSON()).toEqual(['one', 'two'])
})

test('[E1] middleware that does not call next answers in place of the handler, and its answer is stored', async () => {
  let calls = 0
  await using at = await open(
    deskRoom.use(({ state }) => {
      state.draft.set('from the middleware')
      calls += 1
      return { count: 100 + calls }
    }),
  )
  for (let attempt = 0; attempt < 2; attempt++) {
    at.wire.runtime.length = 0
    at.wire.dispatch('desk/one', 'same', 'write', {}, attempt)
    expect(await at.wire.answered('same')).toEqual({ ok: true, output: { count: 101 } })
  }
  await until(() => at.room.state.draft.get() === 'from the middleware')
  expect([calls, ran]).toEqual([1, []])
})

test('[E6] an answer of middleware that the output schema refuses is a fault of the server', async () => {
  await using at = await open(deskRoom.use(() => ({ count: 'many' })))
  await expect(at.room.dispatch('write', {})).rejects.toMatchObject({ code: 'internal' })
  expect(JSON.stringify(at.world.errors)).toContain('returned an output that its schema refuses')
})

test('[E3] middleware that throws before the handler leaves no trace; the same id runs later, once', async () => {
  let broken = true
  await using at = await open(
    deskRoom.use(({ state, signal, fail }, next) => {
      if (!broken) return next()
      state.draft.set('half done')
      signal('bell', { from: 'half done' })
      fail('conflict', 'Not now', { again: true })
    }),
  )
  at.wire.dispatch('desk/one', 'same', 'write', { text: 'kept' })
  expect(await at.wire.answered('same')).toEqual({
    ok: false,
    error: { code: 'conflict', message: 'Not now', details: { again: true } },
  })
  broken = false
  for (let attempt = 1; attempt < 3; attempt++) {
    at.wire.runtime.length = 0
    at.wire.dispatch('desk/one', 'same', 'write', { text: 'kept' }, attempt)
    expect(await at.wire.answered('same')).toEqual({ ok: true, output: { count: 1 } })
  }
  await until(() => at.room.state.lines.length === 1)
  expect(at.room.state.draft.get()).toBeUndefined()
  expect(at.room.state.lines.toJSON()).toEqual(['kept'])
  expect(at.wire.runtime.filter(({ kind }) => kind === 'signal')).toEqual([])
})

test.each(['sync', 'async'])('[E3] a %s guard that wrote before it said no leaves no trace', async (how) => {
  await using at = await open(
    deskRoom.on({
      clear: {
        guard: ({ state }) => {
          state.draft.set('half done')
          return how === 'sync' ? false : Promise.resolve(false)
        },
        handle: () => {},
      },
    }),
  )
  await expect(at.room.dispatch('clear')).rejects.toMatchObject({ code: 'forbidden' })
  expect(await at.room.dispatch('write', { text: 'kept' })).toEqual({ count: 1 })
  expect(at.room.state.lines.toJSON()).toEqual(['kept'])
  expect(at.room.state.draft.get()).toBeUndefined()
})

test('[E3] middleware that throws after the handler undoes it, and that failure is stored', async () => {
  await using at = await open(
    deskRoom.use(async (_, next) => {
      await next()
      throw new Error('a bug of the middleware')
    }),
  )
  for (let attempt = 0; attempt < 2; attempt++) {
    at.wire.runtime.length = 0
    at.wire.dispatch('desk/one', 'same', 'write', {}, attempt)
    expect(await at.wire.answered('same')).toMatchObject({ ok: false, error: { code: 'internal' } })
  }
  expect(ran).toEqual(['guard', 'handler'])
  expect(at.room.state.lines.length).toBe(0)
  expect(JSON.stringify(at.world.errors)).toContain('a bug of the middleware')
})

test('[E6] next() that is called twice runs the handler once, and fails the event', async () => {
  await using at = await open(
    deskRoom.use((_, next) => {
      next()
      return next()
    }),
  )
  await expect(at.room.dispatch('write', {})).rejects.toMatchObject({ code: 'internal' })
  expect(ran).toEqual(['guard', 'handler'])
  expect(at.room.state.lines.length).toBe(0)
  expect(JSON.stringify(at.world.errors)).toContain('next() twice')
})

test('the guard is asked after the middleware, and what it refuses did not run', async () => {
  await using at = await open(
    deskRoom.use((_, next) => {
      ran.push('middleware')
      return next()
    }),
  )
  await expect(at.room.dispatch('clear')).rejects.toMatchObject({ code: 'forbidden' })
  expect(ran).toEqual(['middleware'])
})

test('[E3] middleware may turn an error into another one, but not into an answer', async () => {
  let answers = false
  await using at = await open(
    deskRoom
      .use(async ({ fail }, next) => {
        try {
          return await next()
        } catch {
          return answers ? { count: -1 } : fail('conflict', 'In other words')
        }
      })
      .on({
        write: ({ state, fail }) => {
          state.lines.push('half done')
          return fail('forbidden', 'In its own words')
        },
      }),
  )
  await expect(at.room.dispatch('write', {})).rejects.toMatchObject({ code: 'conflict' })
  answers = true
  await expect(at.room.dispatch('write', {})).rejects.toMatchObject({ code: 'forbidden' })
  expect(at.room.state.lines.length).toBe(0)
})

test('[E3] middleware that does not wait for the handler fails the event, and the process lives', async () => {
  const late = Promise.withResolvers<void>()
  const written = Promise.withResolvers<unknown>()
  let slow = true
  await using at = await open(
    deskRoom
      .use((_, next) => {
        const answer = next()
        return slow ? { count: 0 } : answer
      })
      .on({
        write: async ({ state }) => {
          state.lines.push('half done')
          if (slow) await late.promise
          try {
            state.lines.push('too late')
          } catch (error) {
            written.resolve(error)
            throw error
          }
          return { count: state.lines.length }
        },
      }),
  )
  await expect(at.room.dispatch('write', {})).rejects.toMatchObject({ code: 'internal' })
  expect(JSON.stringify(at.world.errors)).toContain('did not wait for next()')
  late.resolve()
  expect(String(await written.promise)).toContain('has ended')
  slow = false
  expect(await at.room.dispatch('write', {})).toEqual({ count: 2 })
  expect(at.room.state.lines.length).toBe(2)
})

test('[E6] middleware past the deadline reaches the handler no more', async () => {
  const late = Promise.withResolvers<void>()
  const told = Promise.withResolvers<unknown>()
  await using at = await open(
    deskRoom.use(async ({ input }, next) => {
      if ((input as { text?: string })?.text !== 'slow') return next()
      await late.promise
      try {
        return await next()
      } catch (error) {
        told.resolve(error)
        throw error
      }
    }),
    { handlerDeadlineMs: 20 },
  )
  await expect(at.room.dispatch('write', { text: 'slow' })).rejects.toMatchObject({
    code: 'deadline-exceeded',
  })
  late.resolve()
  expect(await told.promise).toMatchObject({ code: 'deadline-exceeded' })
  expect(ran).toEqual([])
  expect(await at.room.dispatch('write', { text: 'kept' })).toEqual({ count: 1 })
})

test('[E6] an error whose details are no JSON is told without them, and the room goes on', async () => {
  await using at = await open(
    deskRoom.on({
      clear: ({ fail }) => {
        const details: Record<string, unknown> = {}
        details.self = details
        fail('conflict', 'Round and round', details)
      },
    }),
  )
  await expect(at.room.dispatch('clear')).rejects.toMatchObject({
    code: 'conflict',
    message: 'Round and round',
  })
  expect(await at.room.dispatch('write', {})).toEqual({ count: 1 })
})
