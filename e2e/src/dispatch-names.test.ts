import { type AnyImplementation, createServer, implement, memoryLog } from '@interplay/server'
import { defineRoom, event, list } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const Text = z.object({ text: z.string().trim() })
const shelf = defineRoom('shelf/:shelfId', {
  state: { log: list(z.string(), { writers: 'handlers' }) },
  events: {
    'note.add': event(Text, z.string()),
    'note.pin': event(Text, z.string()),
    'note.pin.all': event(Text, z.string()),
    'page.add': event(Text, z.string()),
    clear: event(undefined, z.string()),
  },
})
const shelfRoom = implement(shelf)

/** Dispatches by names that no typed client could. */
async function open(implementation: AnyImplementation) {
  await using stack = new AsyncDisposableStack()
  const world = stack.use(await startWorld({ rooms: [implementation], log: memoryLog() }))
  const wire = stack.use(await (await WireClient.connect(world)).join('shelf/one'))
  const rest = stack.move()
  let count = 0
  return {
    world,
    ask(name: string, input?: unknown) {
      const id = `event-${count++}`
      wire.dispatch('shelf/one', id, name, input)
      return wire.answered(id)
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  }
}

const ok = (output: unknown) => ({ ok: true, output })
const failed = (code: string) => ({ ok: false, error: { code } })

test('a pattern answers the events of the definition that fit, with their validated input', async () => {
  await using at = await open(
    shelfRoom
      .on('note.*', ({ event, input }) => `${event}: ${(input as { text: string }).text}`)
      .on('*', ({ event }) => `any ${event}`)
      .on({ 'note.pin': ({ input }) => `pinned ${input.text}` }),
  )
  expect(await at.ask('note.add', { text: ' a ' })).toEqual(ok('note.add: a'))
  expect(await at.ask('note.pin.all', { text: 'a' })).toEqual(ok('note.pin.all: a'))
  expect(await at.ask('note.pin', { text: 'a' })).toEqual(ok('pinned a'))
  expect(await at.ask('page.add', { text: 'a' })).toEqual(ok('any page.add'))
  expect(await at.ask('clear')).toEqual(ok('any clear'))
})

test('[E6] a pattern does not let in what the schema refuses, nor names that the definition does not have', async () => {
  await using at = await open(shelfRoom.on('*', ({ event }) => event))
  expect(await at.ask('note.add', { text: 7 })).toMatchObject(failed('invalid-input'))
  expect(await at.ask('note.add')).toMatchObject(failed('invalid-input'))
  for (const name of ['note.remove', 'note.', '', '*', 'toString', '__proto__', 'constructor'])
    expect([name, await at.ask(name)]).toMatchObject([name, failed('unknown-event')])
  expect(await at.ask('clear')).toEqual(ok('clear'))
})

test('the first pattern that fits answers; a star may stand anywhere', async () => {
  await using at = await open(
    shelfRoom
      .on('*.add', () => 'adds')
      .on('n*n', () => 'n to n')
      .on('note.*', () => 'notes')
      .on('*', () => 'rest'),
  )
  const answers: [string, string][] = [
    ['note.add', 'adds'],
    ['page.add', 'adds'],
    ['note.pin', 'n to n'],
    ['note.pin.all', 'notes'],
    ['clear', 'rest'],
  ]
  for (const [name, answer] of answers)
    expect([name, await at.ask(name, name === 'clear' ? undefined : { text: 'a' })]).toEqual([
      name,
      ok(answer),
    ])
})

test('a pattern has guard, middleware and deadline as a handler of its own has', async () => {
  const seen: string[] = []
  await using at = await open(
    shelfRoom.on('*', {
      use: ({ event }, next) => {
        seen.push(`middleware ${event}`)
        return next()
      },
      guard: ({ event }) => event !== 'clear',
      deadlineMs: 20,
      handle: ({ event }) => (event === 'page.add' ? new Promise(() => {}) : event),
    }),
  )
  expect(await at.ask('note.add', { text: 'a' })).toEqual(ok('note.add'))
  expect(await at.ask('clear')).toMatchObject(failed('forbidden'))
  expect(await at.ask('page.add', { text: 'a' })).toMatchObject(failed('deadline-exceeded'))
  expect(seen).toEqual(['middleware note.add', 'middleware clear', 'middleware page.add'])
})

test('a fallback answers names that the definition does not have, their input as it came', async () => {
  await using at = await open(
    shelfRoom
      .on('note.*', ({ event }) => event)
      .fallback(({ event, input, state }) => {
        state.log.push(event)
        return { event, input: input ?? null, count: state.log.length }
      }),
  )
  expect(await at.ask('note.add', { text: 'a' })).toEqual(ok('note.add'))
  const hostile = { text: 7, deep: [{ __proto__: null }, null, 'x'] }
  expect(await at.ask('note.remove', hostile)).toMatchObject(
    ok({ event: 'note.remove', input: hostile, count: 1 }),
  )
  expect(await at.ask('toString')).toEqual(ok({ event: 'toString', input: null, count: 2 }))
  expect(await at.ask('x'.repeat(128))).toMatchObject(ok({ count: 3 }))
  expect(await at.ask('x'.repeat(129))).toMatchObject(failed('unknown-event'))
})

test('a fallback for an event of the definition gets what its schema makes of the input', async () => {
  await using at = await open(shelfRoom.fallback(({ event, input }) => `${event} ${JSON.stringify(input)}`))
  expect(await at.ask('note.add', { text: ' a ' })).toEqual(ok('note.add {"text":"a"}'))
  expect(await at.ask('note.add', { text: 7 })).toMatchObject(failed('invalid-input'))
})

test('[E1] what a fallback answers is stored, and what it throws is an error like any other', async () => {
  await using at = await open(
    shelfRoom.fallback(({ event, id, state, fail }) => {
      state.log.push(id)
      if (event === 'refuse') fail('not-found', 'No such thing')
      if (event === 'throw') throw new Error('a bug')
      return state.log.length
    }),
  )
  expect(await at.ask('refuse')).toMatchObject(failed('not-found'))
  expect(await at.ask('throw')).toMatchObject(failed('internal'))
  expect(await at.ask('anything')).toEqual(ok(1))
  using second = await (await WireClient.connect(at.world)).join('shelf/one')
  second.dispatch('shelf/one', 'twice', 'anything')
  expect(await second.answered('twice')).toEqual(ok(2))
  second.runtime.length = 0
  second.dispatch('shelf/one', 'twice', 'another', undefined, 1)
  expect(await second.answered('twice')).toEqual(ok(2))
})

test('[E6] without a fallback an unknown name is told what there is', async () => {
  await using at = await open(shelfRoom.on('*', ({ event }) => event))
  expect(await at.ask('note.remove')).toEqual({
    ok: false,
    error: {
      code: 'unknown-event',
      message:
        "No event 'note.remove' in 'shelf/:shelfId'. It has: note.add, note.pin, note.pin.all, page.add, clear.",
    },
  })
})

test('a server does not start without a handler for each event; a pattern or a fallback is one', () => {
  const start = (implementation: AnyImplementation) =>
    createServer({ rooms: [implementation], log: memoryLog() })
  expect(() => start(shelfRoom.on('note.*', () => ''))).toThrow('no handler for page.add, clear')
  start(shelfRoom.on('*', () => ''))
  start(shelfRoom.fallback(() => {}))
  expect(() => shelfRoom.on('note', () => '')).toThrow("'note' is no pattern")
  expect(() => shelfRoom.on('*.*', () => '')).toThrow("'*.*' is no pattern")
})
