import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import { jwt } from '@interplay/server'
import { describe, expect, test } from 'vitest'
import { boardRoom, gates } from './board.ts'
import { until } from './until.ts'
import { startWorld, type World } from './world.ts'

const room = `/api/rooms/${encodeURIComponent('board/q3')}`

interface Answer {
  readonly id: string | null
  readonly ok: boolean
  readonly output?: unknown
  readonly error?: { readonly code: string; readonly issues?: unknown; readonly details?: unknown }
}

const lines = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('')

function post(world: World, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${world.http}${room}/events`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    ...(body instanceof ReadableStream && { duplex: 'half' }),
  })
}

async function answersOf(response: Response): Promise<Answer[]> {
  const text = await response.text()
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
}

/** A body that is written while its answers are read. */
async function open(world: World) {
  const call = request(`${world.http}${room}/events`, { method: 'POST' })
  call.on('error', () => {})
  call.flushHeaders()
  const answers: Answer[] = []
  let ended = false
  call.on('response', (response: IncomingMessage) => {
    response.on('error', () => {})
    createInterface({ input: response })
      .on('error', () => {})
      .on('line', (line) => answers.push(JSON.parse(line)))
      .on('close', () => {
        ended = true
      })
  })
  return {
    answers,
    write: (text: string) => void call.write(text),
    end: () => call.end(),
    destroy: () => call.destroy(),
    get ended() {
      return ended
    },
  }
}

async function stateOf(world: World): Promise<{ applied: string[]; score: number }> {
  return (await (await fetch(world.http + room)).json()) as never
}

const number = (number: number, id?: string) => ({
  ...(id && { id }),
  event: 'number',
  input: { number, client: 'a' },
})

test('[E2] the events of a body run in their order, and are answered in it', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const count = 3_000
  const events = Array.from({ length: count }, (_, index) =>
    number(index, index % 2 ? undefined : `e${index}`),
  )
  const response = await post(world, lines(events))
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const answers = await answersOf(response)
  expect(answers.map(({ output }) => output)).toEqual(events.map((_, index) => ({ applied: index + 1 })))
  expect(answers[0]).toEqual({ id: 'e0', ok: true, output: { applied: 1 } })
  expect(answers[1]!.id).toMatch(/^[0-9a-f-]{36}$/)
  expect((await stateOf(world)).applied).toEqual(events.map((_, index) => `a:${index}`))
})

test('[E1] lines that are sent again with their ids run once', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const body = lines([number(1, 'one'), number(2, 'two'), number(1, 'one')])
  const first = await answersOf(await post(world, body))
  expect(await answersOf(await post(world, body))).toEqual(first)
  expect((await stateOf(world)).applied).toEqual(['a:1', 'a:2'])
})

test('answers come while the body is still written', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const stream = await open(world)
  for (let index = 0; index < 5; index++) {
    stream.write(lines([number(index)]))
    await until(() => stream.answers.length === index + 1)
  }
  stream.end()
  await until(() => stream.ended)
  expect(stream.answers.every(({ ok }) => ok)).toBe(true)
})

test('[E6] a bad line costs that line, and its answer says which and why', async () => {
  await using world = await startWorld({ rooms: [boardRoom], maxFrameBytes: 500 })
  const bad: [string | Uint8Array, object][] = [
    ['{ not json', { code: 'malformed', details: { line: 2 } }],
    ['[]', { code: 'malformed', details: { line: 4 } }],
    ['null', { code: 'malformed', details: { line: 6 } }],
    ['{"event":"number","id":7}', { code: 'malformed', details: { line: 8 } }],
    [`{"event":"number","id":"${'x'.repeat(129)}"}`, { code: 'malformed', details: { line: 10 } }],
    [Uint8Array.of(0x22, 0xff, 0x22), { code: 'malformed', details: { line: 12 } }],
    [JSON.stringify(number(1)).padEnd(501), { code: 'too-large', details: { line: 14 } }],
    ['{"event":"nothing"}', { code: 'unknown-event', details: { line: 16 } }],
    [
      '{"event":"number","input":{"number":"one","client":"a"}}',
      { code: 'invalid-input', issues: [{ path: ['number'] }], details: { line: 18 } },
    ],
    ['{"event":"refuse"}', { code: 'conflict', details: { by: 'somebody' } }],
    ['{"event":"throw"}', { code: 'internal', details: { line: 22 } }],
    ['{"event":"secret"}', { code: 'forbidden', details: { line: 24 } }],
  ]
  const newline = Buffer.from('\n')
  const body = Buffer.concat([
    ...bad.flatMap(([line], index) => [
      Buffer.from(JSON.stringify(number(index))),
      newline,
      Buffer.from(line as string),
      newline,
    ]),
    // Empty lines are none, Windows writes others, and the last one needs no end.
    Buffer.from(`\n \r\n${JSON.stringify(number(99, 'last'))}\r`),
  ])
  const answers = await answersOf(await post(world, body))
  expect(answers).toHaveLength(bad.length * 2 + 1)
  for (const [index, [, error]] of bad.entries()) {
    expect(answers[index * 2], `${index}`).toMatchObject({ ok: true })
    expect(answers[index * 2 + 1], `${index}`).toMatchObject({ ok: false, error })
  }
  expect(answers.at(-1)).toMatchObject({ id: 'last', ok: true })
  expect((await stateOf(world)).applied).toHaveLength(bad.length + 1)
})

describe('[G3] limits', () => {
  test('a body that is too long as a whole is refused, or ends at the limit', async () => {
    await using world = await startWorld({ rooms: [boardRoom], maxFrameBytes: 200 })
    const events = Array.from({ length: 100 }, (_, index) => number(index))
    const response = await post(world, lines(events))
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({ error: { code: 'too-large' } })
    const stream = await open(world)
    for (const event of events) stream.write(lines([event]))
    await until(() => stream.ended)
    const last = stream.answers.at(-1)!
    expect(last).toMatchObject({ id: null, ok: false, error: { code: 'too-large' } })
    expect(stream.answers.filter(({ ok }) => ok)).toHaveLength(stream.answers.length - 1)
    stream.destroy()
  })

  test('a body fits through any inbox, and many at once do too', async () => {
    await using world = await startWorld({ rooms: [boardRoom], maxInboxEvents: 3 })
    const body = lines(Array.from({ length: 40 }, (_, index) => number(index)))
    const all = await Promise.all(Array.from({ length: 6 }, async () => answersOf(await post(world, body))))
    expect(all.flat().filter(({ ok }) => !ok)).toEqual([])
    expect((await stateOf(world)).applied).toHaveLength(240)
  })

  test('a caller that does not read its answers is not read from either', async () => {
    await using world = await startWorld({
      rooms: [boardRoom],
      maxFrameBytes: 256 * 1024,
      maxInboxEvents: 100,
    })
    const long = 'x'.repeat(100_000)
    const client = world.client().openRoom('board/q3')
    await client.ready
    client.doc.getText('title').insert(0, long)
    await until(() => client.status.at === 'synced')

    const call = request(`${world.http}${room}/events`, { method: 'POST' })
    const count = 250
    let response: IncomingMessage | undefined
    call.on('response', (it) => {
      response = it.pause()
    })
    call.end(lines(Array.from({ length: count }, () => ({ event: 'title' }))))
    await until(() => response)
    const answered = async () => {
      const text = await (await fetch(`${world.http}/metrics`)).text()
      return Number(/interplay_events_total\{outcome="ok"\} (\d+)/.exec(text)?.[1])
    }
    // It comes to rest before the end.
    let seen = -1
    for (let rest = 0; rest < 30; rest++) {
      const now = await answered()
      if (now !== seen) rest = 0
      seen = now
    }
    expect(seen).toBeLessThan(count)
    let bytes = 0
    for await (const chunk of response!) bytes += chunk.length
    expect(bytes).toBeGreaterThan(count * long.length)
  })
})

test('[E6] of a body that breaks off, whole lines run and half a line does not', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const stream = await open(world)
  stream.write(`${lines([number(1)])}{"event":"number","input":{"number":2,"client":"a"}}`)
  await until(() => stream.answers.length === 1)
  stream.destroy()
  expect(await answersOf(await post(world, lines([number(3)])))).toHaveLength(1)
  expect((await stateOf(world)).applied).toEqual(['a:1', 'a:3'])
})

test('who may not enter is told before anything is read', async () => {
  await using world = await startWorld({
    rooms: [boardRoom],
    auth: jwt({ secret: 'a secret that has at least 32 bytes' }),
  })
  const response = await post(world, lines([number(1)]))
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: { code: 'unauthorized' } })
  const nowhere = await fetch(`${world.http}/api/rooms/nowhere/events`, { method: 'POST', body: '{}' })
  expect(nowhere.status).toBe(404)
})

test('[E1] a server that closes answers what it has read, and says that the rest must come again', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const stream = await open(world)
  stream.write(lines([number(1), { event: 'wait', input: { gate: 'lines' } }, number(2)]))
  await until(() => gates.has('lines'))
  await until(() => stream.answers.length === 1)
  const closed = world.server.close()
  gates.get('lines')!()
  await closed
  await until(() => stream.ended)
  expect(stream.answers.map(({ ok }) => ok)).toEqual([true, true, true, false])
  expect(stream.answers.at(-1)).toMatchObject({ id: null, error: { code: 'unavailable' } })
})
