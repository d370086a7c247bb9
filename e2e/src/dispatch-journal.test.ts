import { implement, memoryLog, rateLimit, sqliteLog, type UpdateLog } from '@interplay/server'
import { defineRoom, event, list } from '@interplay/shared'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { WireClient } from './wire-client.ts'
import { startWorld, temporaryFolder } from './world.ts'

const Person = z.object({ name: z.string(), password: z.string() })
const office = defineRoom('office/:officeId', {
  state: { log: list(z.string(), { writers: 'handlers' }) },
  events: {
    sign: event(z.object({ text: z.string() }), z.number()),
    hire: event(z.object({ people: z.array(Person), token: z.unknown() }), undefined, {
      redact: ['password', 'token'],
    }),
    fire: event(z.object({ name: z.string() })),
    limited: event(),
    glance: event(undefined, undefined, { durability: 'none' }),
    break: event(),
  },
})

const officeRoom = implement(office)
  .on({
    sign: ({ input, state }) => {
      state.log.push(input.text)
      return state.log.length
    },
    hire: ({ input, state, fail }) => {
      if (input.people.length === 0) fail('sold-out', 'Nobody is left')
      state.log.push(...input.people.map(({ name }) => name))
    },
    fire: { guard: () => false, handle: () => {} },
    limited: { use: rateLimit({ perSecond: 0.001 }), handle: () => {} },
    glance: () => {},
    break: () => {
      throw new Error('a bug with a secret in it')
    },
  })
  .fallback(({ state }) => void state.log.push('fallback'))

const name = 'office/one'

async function open(log: UpdateLog, options = {}) {
  await using stack = new AsyncDisposableStack()
  let now = 1_000_000
  const clock = () => now++
  const world = stack.use(
    await startWorld({
      rooms: [officeRoom],
      log,
      clock,
      auth: (token) => ({ sub: token || 'nobody' }),
      ...options,
    }),
  )
  const wire = stack.use(await (await WireClient.connect(world)).join(name, 'ada'))
  const rest = stack.move()
  return {
    world,
    async ask(id: string, eventName: string, input?: unknown) {
      wire.runtime.length = 0
      wire.dispatch(name, id, eventName, input)
      return wire.answered(id)
    },
    /** What the journal has, oldest first, once everything that was asked for is in it. */
    async records() {
      await world.server.room(office, { officeId: 'one' }).dispatch('sign', { text: 'last' }, { id: 'last' })
      const rows = await log.journal(name, 0, 1_000)
      return rows
        .map(({ content, ...row }) => ({ ...row, ...JSON.parse(content) }))
        .filter((record) => record.id !== 'last')
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  }
}

describe.each(['memory', 'sqlite'])('over the %s log', (kind) => {
  async function openLog() {
    const folder = await temporaryFolder()
    const log = kind === 'sqlite' ? sqliteLog(folder.path) : memoryLog()
    return { log, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() }
  }

  test('every event that ran, failed or was refused is in the journal, with who and what', async () => {
    await using opened = await openLog()
    await using at = await open(opened.log)
    await at.ask('e1', 'sign', { text: 'Ada' })
    await at.ask('e2', 'break')
    await at.ask('e3', 'hire', { people: [], token: 1 })
    await at.ask('e4', 'fire', { name: 'Bob' })
    await at.ask('e5', 'sign', { text: 7 })
    await at.ask('e6', 'anything', { as: 'it came' })
    const records = await at.records()
    expect(records).toMatchObject([
      { kind: 'event', event: 'sign', outcome: 'ok', id: 'e1', userId: 'ada', input: { text: 'Ada' } },
      { kind: 'event', event: 'break', outcome: 'internal', id: 'e2', userId: 'ada' },
      { kind: 'event', event: 'hire', outcome: 'sold-out', id: 'e3', error: 'Nobody is left' },
      { kind: 'event', event: 'fire', outcome: 'forbidden', id: 'e4', input: { name: 'Bob' } },
      { kind: 'event', event: 'sign', outcome: 'invalid-input', id: 'e5', input: { text: 7 } },
      { kind: 'event', event: 'anything', outcome: 'ok', id: 'e6', input: { as: 'it came' } },
    ])
    for (const { sessionId, durationMs, at: when } of records) {
      expect(sessionId).toMatch(/^[0-9a-f-]{36}$/)
      expect(durationMs).toBeGreaterThanOrEqual(0)
      expect(when).toBeGreaterThan(1_000_000)
    }
    expect(records[0]).not.toHaveProperty('error')
    expect(JSON.stringify(records)).not.toContain('a secret in it')
    const positions = records.map(({ position }) => position)
    expect(positions).toEqual([...positions].sort((a, b) => a - b))
    expect(new Set(positions).size).toBe(6)
  })

  test('it is asked for by event, by outcome and page by page', async () => {
    await using opened = await openLog()
    await using at = await open(opened.log)
    for (let index = 0; index < 6; index++) {
      await at.ask(`sign-${index}`, 'sign', { text: `${index}` })
      await at.ask(`fire-${index}`, 'fire', { name: `${index}` })
    }
    await at.records()
    const ids = async (...asked: [after: number, limit: number, match?: object]) =>
      (await opened.log.journal(name, ...asked)).map(({ content }) => JSON.parse(content).id)
    expect(await ids(0, 3)).toEqual(['sign-0', 'fire-0', 'sign-1'])
    const [, second] = await opened.log.journal(name, 0, 2)
    expect(await ids(second!.position, 2)).toEqual(['sign-1', 'fire-1'])
    expect(await ids(0, 2, { event: 'fire' })).toEqual(['fire-0', 'fire-1'])
    expect(await ids(second!.position, 2, { outcome: 'forbidden' })).toEqual(['fire-1', 'fire-2'])
    expect(await ids(0, 9, { event: 'sign', outcome: 'forbidden' })).toEqual([])
  })
})

test('a field that a definition redacts is in no record, at any depth, whatever became of the event', async () => {
  const log = memoryLog()
  await using at = await open(log)
  const people = [
    { name: 'Bob', password: 'hunter2' },
    { name: 'Eve', password: 'hunter2', more: { password: ['hunter2'], name: 'kept' } },
  ]
  await at.ask('ok', 'hire', { people, token: { bearer: 'hunter2' } })
  await at.ask('invalid', 'hire', { people: 'none', token: 'hunter2', password: 'hunter2' })
  await at.ask('large', 'hire', { people, token: 'hunter2'.repeat(2_000), padding: 'x'.repeat(10_000) })
  const records = await at.records()
  expect(records.map(({ outcome }) => outcome)).toEqual(['ok', 'invalid-input', 'ok'])
  expect(records[0].input).toEqual({
    people: [
      { name: 'Bob', password: '[redacted]' },
      { name: 'Eve', password: '[redacted]', more: { password: '[redacted]', name: 'kept' } },
    ],
    token: '[redacted]',
  })
  expect(JSON.stringify(await log.journal(name, 0, 100))).not.toContain('hunter2')
})

test('a large input is cut short; its record says what it began with', async () => {
  const log = memoryLog()
  await using at = await open(log)
  await at.ask('large', 'sign', { text: 'x'.repeat(100_000) })
  const [record] = await at.records()
  expect(record.input.slice(0, 12)).toBe('{"text":"xxx')
  expect(record.input.length).toBeLessThan(5_000)
})

test('what is turned away for load, what opted out, and what is answered from the stored reply leave no record', async () => {
  const log = memoryLog()
  await using at = await open(log)
  expect(await at.ask('first', 'limited')).toMatchObject({ ok: true })
  expect(await at.ask('second', 'limited')).toMatchObject({ error: { code: 'rate-limited' } })
  expect(await at.ask('first', 'limited')).toMatchObject({ ok: true })
  expect(await at.ask('third', 'glance')).toMatchObject({ ok: true })
  expect((await at.records()).map(({ id, outcome }) => [id, outcome])).toEqual([['first', 'ok']])
})

test('events over HTTP and of the server are in the journal without a session', async () => {
  const log = memoryLog()
  await using at = await open(log)
  const url = `${at.world.http}/api/rooms/office%2Fone/events/sign`
  const headers = { 'idempotency-key': 'over-http', authorization: 'Bearer bob' }
  await fetch(url, { method: 'POST', headers, body: '{"text":"Bob"}' })
  const one = at.world.server.room(office, { officeId: 'one' })
  await one.dispatch('sign', { text: 'server' }, { id: 'of-the-server' })
  const records = await at.records()
  expect(records).toMatchObject([
    { id: 'over-http', userId: 'bob' },
    { id: 'of-the-server', userId: 'server' },
  ])
  for (const record of records) expect(record).not.toHaveProperty('sessionId')
})

test('a server that keeps no journal has none, and its events run as ever', async () => {
  const log = memoryLog()
  await using at = await open(log, { keepJournalMs: 0 })
  expect(await at.ask('a', 'sign', { text: 'a' })).toEqual({ ok: true, output: 1 })
  expect(await at.ask('b', 'fire', { name: 'b' })).toMatchObject({ error: { code: 'forbidden' } })
  expect(await at.records()).toEqual([])
  expect((await log.load(name)).position).toBe(2)
})
