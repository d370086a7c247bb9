import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { type Answer, type Received, startReceiver, testSecret } from '../jobs/testing/receiver.ts'
import { remote } from './remote.ts'
import { startRemoteWorld } from './testing/remote-world.ts'

const tagged = { output: { tags: ['idea'] } }
const note = { noteId: 'n1' }

function failure(code: string, details?: Record<string, unknown>) {
  return { body: { error: { code, ...(details && { details }) } } }
}

test('a service is sent the event with the fields it asked for, signed, and its answer is the event’s', async () => {
  await using world = await startRemoteWorld(
    () => ({
      body: {
        output: { tags: ['idea'] },
        operations: [{ op: 'update', path: ['notes', 'n1'], value: { tags: ['idea'] } }],
      },
    }),
    { state: ['notes', 'status'], headers: { authorization: 'Bearer service' } },
  )
  await world.dispatch('note.add', { ...note, text: 'Ship' })
  expect(await world.dispatch('note.tag', note, 'event-1')).toEqual({
    status: 200,
    body: { eventId: 'event-1', output: { tags: ['idea'] } },
  })
  expect(await world.state()).toMatchObject({ notes: { n1: { text: 'Ship', tags: ['idea'] } } })
  const [{ headers, verified }] = world.received as [Received]
  expect(verified()).toEqual({
    id: 'event-1',
    event: 'note.tag',
    input: { noteId: 'n1' },
    actor: { userId: 'anonymous' },
    room: 'board/q3',
    params: { boardId: 'q3' },
    attempt: 1,
    state: { notes: { n1: { text: 'Ship', tags: [] } }, status: 'open' },
  })
  expect(headers).toMatchObject({ 'webhook-id': 'event-1', authorization: 'Bearer service' })
})

test('[E1] the same id is asked of the service once; retries carry the same id', async () => {
  await using world = await startRemoteWorld((_, count) => (count < 3 ? { status: 503 } : { body: tagged }))
  for (let time = 0; time < 2; time++)
    expect(await world.dispatch('note.tag', note, 'event.1')).toMatchObject({ body: tagged })
  const sent = world.received.map(({ verified, headers }) => [verified(), headers['webhook-id']])
  expect(sent).toMatchObject([1, 2, 3].map((attempt) => [{ id: 'event.1', attempt }, 'event%2E1']))
})

test('[E3] the service’s own error reaches the caller as it is, and nothing is changed', async () => {
  const error = { code: 'too-many-tags', message: 'Five at most.', details: { limit: 5 } }
  await using world = await startRemoteWorld(() => ({ body: { error } }))
  expect(await world.dispatch('note.tag', note)).toEqual({ status: 422, body: { error } })
  expect(world.received).toHaveLength(1)
  expect(world.logged).toEqual([])
})

test('an output that the event’s schema refuses is a bug of the service', async () => {
  await using world = await startRemoteWorld(() => ({
    body: { output: { tags: 'idea' }, operations: [{ op: 'appendText', path: ['title'], text: 'x' }] },
  }))
  expect(await world.dispatch('note.tag', note)).toMatchObject({ status: 500, ...failure('internal') })
  expect(await world.state()).toMatchObject({ title: '' })
})

test('null stands for what is missing', async () => {
  await using world = await startRemoteWorld(() => ({
    body: { output: null, operations: null, error: null },
  }))
  expect(await world.dispatch('change')).toMatchObject({ status: 200, body: { output: null } })
})

test('[E6] an answer that is no reply is refused, not asked for again, and logged with the address', async () => {
  const deep = `{"output":${'['.repeat(300_000)}${']'.repeat(300_000)}}`
  const error = { code: 'x', message: 'x' }
  const answers: [Answer, RegExp][] = [
    [{ body: '' }, /not JSON/],
    [{ body: '{' }, /not JSON/],
    [{ body: '[]' }, /not a JSON object/],
    [{ body: 'null' }, /not a JSON object/],
    [{ body: Buffer.from('{"output":"\xff"}', 'latin1') }, /not JSON/],
    [{ body: deep }, /nested deeper/],
    [{ body: `{"error":{"code":"x","message":"x","details":${deep}}}` }, /nested deeper/],
    [{ body: `{"output":"${'x'.repeat(2_000_000)}"}` }, /longer than 1048576 bytes/],
    [{ body: { operations: {} } }, /not an array/],
    [{ body: { error: 'no' } }, /'error' is not an object/],
    [{ body: { error: { code: '', message: '' } } }, /no 'code'/],
    [{ body: { error: { code: 1, message: '' } } }, /no 'code'/],
    [{ body: { error: { code: 'x', message: 'x'.repeat(5_000) } } }, /no 'message'/],
    [{ body: { error, output: 1 } }, /something else beside it/],
    [{ body: { error, operations: [] } }, /something else beside it/],
    [{ status: 201, body: tagged }, /status is 201/],
    [{ status: 400, body: { error } }, /status is 400/],
    [{ status: 404 }, /status is 404/],
    [{ headers: { 'content-type': 'text/html' }, body: '<p>' }, /not JSON/],
  ]
  await using world = await startRemoteWorld((_, count) => answers[count - 1]![0])
  for (const [index, [, message]] of answers.entries()) {
    const { status, body } = await world.dispatch('note.tag', note)
    expect([index, status]).toEqual([index, 500])
    const { error } = body as { error: { message: string } }
    expect(error).toMatchObject({ code: 'internal', details: { reason: 'bad-reply' } })
    expect(error.message).toMatch(message)
    expect(world.logged.at(-1)).toMatchObject({
      level: 'error',
      entry: { event: 'note.tag', error: error.message, url: expect.stringContaining('127.0.0.1') },
    })
    expect(JSON.stringify(body)).not.toContain('127.0.0.1')
  }
  expect(world.received).toHaveLength(answers.length)
})

test('a redirect is not followed', async () => {
  await using elsewhere = await startReceiver(() => ({ body: tagged }))
  await using world = await startRemoteWorld(() => ({ status: 307, headers: { location: elsewhere.url } }))
  expect(await world.dispatch('note.tag', note)).toMatchObject(failure('internal'))
  expect(elsewhere.received).toEqual([])
})

test('[E6] a service that hangs, resets or breaks off is asked again; then the event is unavailable', async () => {
  const answers: Answer[] = [
    'hang',
    'reset',
    (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{', () => response.socket?.destroy())
    },
    (response) => {
      response.writeHead(200).write('{"output":')
    },
  ]
  await using world = await startRemoteWorld((_, count) => answers[count - 1] ?? { body: tagged }, {
    timeoutMs: 1_000,
    circuit: { failures: 99 },
  })
  expect(await world.dispatch('note.tag', note)).toMatchObject({
    status: 503,
    ...failure('unavailable', { reason: 'network' }),
  })
  expect(world.received).toHaveLength(3)
  expect(await world.dispatch('note.tag', note)).toMatchObject({ status: 200, body: tagged })
  expect(world.received).toHaveLength(5)
})

test('a service that is not there at all', async () => {
  await using world = await startRemoteWorld(() => ({}), { url: 'http://127.0.0.1:9/' })
  expect(await world.dispatch('note.tag', note)).toMatchObject(failure('unavailable', { reason: 'network' }))
  expect(world.logged).toMatchObject([{ level: 'warn', entry: { url: 'http://127.0.0.1:9/' } }])
})

test('Retry-After that leaves no time ends the event at once, and says when to come back', async () => {
  await using world = await startRemoteWorld(() => ({ status: 429, headers: { 'retry-after': '30' } }))
  expect(await world.dispatch('note.tag', note)).toMatchObject({
    status: 503,
    ...failure('unavailable', { reason: 'status', retryAfterMs: 30_000 }),
  })
  expect(world.received).toHaveLength(1)
})

test('[E3] past the event’s deadline the request is aborted, and what it would have changed is not', async () => {
  const closed = Promise.withResolvers<void>()
  await using world = await startRemoteWorld(
    () => (response) => {
      response.once('close', () => closed.resolve())
    },
    { handlerDeadlineMs: 1_000, timeoutMs: 60_000, deadlineMs: 60_000, circuit: { failures: 2 } },
  )
  expect(await world.dispatch('note.tag', note)).toMatchObject({
    status: 504,
    ...failure('deadline-exceeded'),
  })
  await closed.promise
  // It counts as a failure of the service: the second one opens its circuit.
  await world.dispatch('note.tag', note)
  expect(await world.dispatch('note.tag', note)).toMatchObject(
    failure('unavailable', { reason: 'circuit-open' }),
  )
  expect(await world.state()).toMatchObject({ title: '' })
})

test('a service that fails again and again is left alone, then asked once, then used again', async () => {
  let now = Date.now()
  let answer: Answer = { status: 500 }
  const circuit = { failures: 3, openMs: 20_000 }
  await using world = await startRemoteWorld(() => answer, { retries: 0, circuit, clock: () => now })
  for (let time = 0; time < 3; time++)
    expect(await world.dispatch('note.tag', note)).toMatchObject(failure('unavailable', { reason: 'status' }))
  now += 5_000
  // Other events of the service share what is known of it.
  for (const event of ['note.tag', 'change']) {
    const input = event === 'change' ? undefined : note
    expect(await world.dispatch(event, input)).toMatchObject({
      status: 503,
      ...failure('unavailable', { reason: 'circuit-open', retryAfterMs: 15_000 }),
    })
  }
  expect(world.received).toHaveLength(3)
  now += 15_000
  expect(await world.dispatch('note.tag', note)).toMatchObject(failure('unavailable', { reason: 'status' }))
  expect(await world.dispatch('note.tag', note)).toMatchObject(
    failure('unavailable', { reason: 'circuit-open' }),
  )
  answer = { body: tagged }
  now += 20_000
  for (let time = 0; time < 2; time++)
    expect(await world.dispatch('note.tag', note)).toMatchObject({ status: 200, body: tagged })
})

test('retries stop when the circuit opens', async () => {
  await using world = await startRemoteWorld(() => ({ status: 500 }), {
    retries: 9,
    circuit: { failures: 2 },
  })
  expect(await world.dispatch('note.tag', note)).toMatchObject(
    failure('unavailable', { reason: 'circuit-open' }),
  )
  expect(world.received).toHaveLength(2)
})

test('verifyReply takes only what was signed for this request', async () => {
  const signer = new Webhook(testSecret)
  const sign = (id: string, body: string, now = new Date()) => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signer.sign(id, now, body),
  })
  const body = JSON.stringify(tagged)
  let before: string | null = null
  const answers: ((received: Received) => Answer)[] = [
    () => ({ body }),
    ({ headers }) => ({ body, headers: sign(headers['webhook-id'] as string, body) }),
    // The request itself, sent back: it is signed, but not a reply.
    ({ headers, text }) => ({
      body: text,
      headers: Object.fromEntries(
        ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => [
          name,
          headers[name] as string,
        ]),
      ),
    }),
    ({ headers }) => ({
      body: body.replace('idea', 'evil'),
      headers: sign(headers['webhook-signature'] as string, body),
    }),
    ({ headers }) => ({ body, headers: sign(headers['webhook-signature'] as string, body, new Date(0)) }),
    ({ headers }) => {
      const recorded = before!
      before = headers['webhook-signature'] as string
      return { body, headers: sign(recorded, body) }
    },
  ]
  let index = 0
  await using world = await startRemoteWorld(
    (received) => {
      before ??= received.headers['webhook-signature'] as string
      return answers[index]!(received)
    },
    { verifyReply: true },
  )
  for (; index < answers.length; index++) {
    const { body } = await world.dispatch('note.tag', note)
    expect([index, body]).toMatchObject([
      index,
      {
        error: { code: 'internal', details: { reason: 'bad-reply' }, message: expect.stringMatching(/sign/) },
      },
    ])
  }
  answers.push(({ headers }) => ({ body, headers: sign(headers['webhook-signature'] as string, body) }))
  expect(await world.dispatch('note.tag', note)).toMatchObject({ status: 200, body: tagged })
})

test('options that cannot work are refused at once, and no secret is told', () => {
  const url = 'https://tags.example.org'
  const cases: [Parameters<typeof remote>[0], RegExp][] = [
    [{ url: 'file:///etc/passwd', secret: testSecret }, /url/],
    [{ url: '', secret: testSecret }, /url/],
    [{ url: 'https://ada:pass@tags.example.org', secret: testSecret }, /headers/],
    [{ url, secret: 'plain text!' }, /base64/],
    [{ url, secret: testSecret, timeoutMs: -1 }, /timeoutMs/],
    [{ url, secret: testSecret, circuit: { failures: 0 } }, /circuit/],
  ]
  for (const [options, message] of cases) {
    expect(() => remote(options)).toThrow(TypeError)
    expect(() => remote(options)).toThrow(message)
    expect(() => remote(options)).not.toThrow(/plain text!|pass@/)
  }
})
