import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Answer, type Receiver, startReceiver, testSecret } from './testing/receiver.ts'
import {
  createWebhookSender,
  defaultSchedule,
  type WebhookDelivery,
  type WebhookEndpoint,
  type WebhookSenderOptions,
} from './webhook-sender.ts'

const at = Date.parse('2026-03-01T12:00:00.250Z')
const first: WebhookDelivery = {
  deliveryId: 'delivery-1',
  type: 'order.paid',
  data: { total: 7 },
  at,
  attempt: 1,
}

function senderTo(
  { url }: Pick<Receiver, 'url'>,
  options: Partial<WebhookSenderOptions> = {},
  endpoint: Partial<WebhookEndpoint> = {},
) {
  const sender = createWebhookSender({
    endpoints: { shop: { url, secret: testSecret, ...endpoint } },
    random: () => 0.5,
    ...options,
  })
  return (delivery: Partial<WebhookDelivery> = {}) => sender.send('shop', { ...first, ...delivery })
}

test('[E7] a message is signed, the same at every attempt, and its id as well', async () => {
  await using receiver = await startReceiver((_, count) => ({ status: count < 3 ? 500 : 204 }))
  const headers = { authorization: 'Bearer token', 'webhook-id': 'forged', 'Content-Type': 'text/plain' }
  const send = senderTo(receiver, {}, { headers })
  expect(await send()).toMatchObject({ at: 'retry', attempted: true })
  expect(await send({ attempt: 2 })).toMatchObject({ at: 'retry' })
  expect(await send({ attempt: 3 })).toEqual({ at: 'delivered' })
  expect(receiver.received).toHaveLength(3)
  for (const { headers, verified } of receiver.received) {
    expect(verified()).toEqual({
      type: 'order.paid',
      timestamp: '2026-03-01T12:00:00.250Z',
      data: { total: 7 },
    })
    expect(headers).toMatchObject({
      'webhook-id': 'delivery-1',
      'content-type': 'application/json',
      authorization: 'Bearer token',
    })
  }
})

test('[E7] ids that no header could carry, or that would blur what is signed, arrive encoded and signed', async () => {
  await using receiver = await startReceiver(() => ({}))
  const send = senderTo(receiver)
  const ids = { 'a.1.{}': 'a%2E1%2E%7B%7D', 'a\r\nx: y': 'a%0D%0Ax%3A%20y', 'é\ud800': '%C3%A9%EF%BF%BD' }
  for (const deliveryId of Object.keys(ids)) expect(await send({ deliveryId })).toEqual({ at: 'delivered' })
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual(Object.values(ids))
  for (const { verified } of receiver.received) expect(verified()).toBeTruthy()
})

test('any 2xx is delivered, whatever comes after it', async () => {
  const answers: Answer[] = [
    { status: 200 },
    { status: 202, body: 'thanks' },
    { status: 299 },
    { status: 200, body: 'x'.repeat(1_000_000) },
    (response) => {
      // Without an end.
      response.writeHead(200).write('x')
    },
    (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('x', () => response.socket?.destroy())
    },
    { status: 200, headers: { 'content-encoding': 'gzip' }, body: 'not gzip' },
  ]
  await using receiver = await startReceiver((_, count) => answers[count - 1]!)
  const send = senderTo(receiver, {}, { timeoutMs: 1_000 })
  for (const _ of answers) expect(await send()).toEqual({ at: 'delivered' })
  expect(receiver.received).toHaveLength(answers.length)
})

test('410 is the end; every other status is tried again', async () => {
  let status = 0
  await using receiver = await startReceiver(() => ({ status }))
  for (status of [300, 304, 400, 401, 404, 409, 422, 429, 500, 502, 503]) {
    const result = await senderTo(receiver)()
    expect([status, result]).toEqual([
      status,
      { at: 'retry', afterMs: 500, error: `The endpoint answered ${status}.`, attempted: true },
    ])
  }
  status = 410
  expect(await senderTo(receiver)()).toEqual({ at: 'dead', error: 'The endpoint answered 410.' })
})

test('the waits grow by the schedule; behind its end a message is dead', async () => {
  await using receiver = await startReceiver(() => ({ status: 404 }))
  const send = senderTo(receiver)
  const waits: unknown[] = []
  for (let attempt = 1; attempt <= defaultSchedule.length; attempt++) {
    const result = await send({ attempt })
    waits.push(result.at === 'retry' && result.afterMs)
  }
  expect(waits).toEqual(defaultSchedule)
  const last = await send({ attempt: defaultSchedule.length + 1 })
  expect(last).toEqual({ at: 'dead', error: 'The endpoint answered 404.' })
  const once = senderTo(receiver, { schedule: [] })
  expect(await once()).toMatchObject({ at: 'dead' })
})

test('a redirect is not followed: the message goes to nobody else', async () => {
  await using elsewhere = await startReceiver(() => ({}))
  let status = 0
  await using receiver = await startReceiver(() => ({ status, headers: { location: elsewhere.url } }))
  for (status of [301, 302, 303, 307, 308]) {
    const send = senderTo(receiver)
    expect(await send()).toMatchObject({ at: 'retry', error: `The endpoint answered ${status}.` })
  }
  expect(elsewhere.received).toEqual([])
})

test('[E7] an endpoint that hangs, resets, breaks off or is not there is tried again', async () => {
  const answers: Answer[] = [
    'hang',
    'reset',
    (response) => response.socket?.end('HTTP/1.1 200 O'),
    (response) => response.socket?.end('this is not HTTP\r\n\r\n'),
  ]
  await using receiver = await startReceiver((_, count) => answers[count - 1]!)
  const send = senderTo(receiver, {}, { timeoutMs: 200 })
  expect(await send()).toMatchObject({ at: 'retry', error: 'No answer within 200 ms.', attempted: true })
  for (const _ of answers.slice(1)) expect(await send()).toMatchObject({ at: 'retry', attempted: true })
  const { url } = receiver
  await receiver[Symbol.asyncDispose]()
  expect(await senderTo({ url })()).toMatchObject({ at: 'retry', error: 'ECONNREFUSED' })
})

test('[E7] an answer that comes too late counts as none, and the message is sent again with its id', async () => {
  const late = Promise.withResolvers<void>()
  await using receiver = await startReceiver(async (_, count) => {
    if (count === 1) await late.promise
    return { status: 200 }
  })
  expect(await senderTo(receiver, {}, { timeoutMs: 500 })()).toMatchObject({ at: 'retry' })
  late.resolve()
  expect(await senderTo(receiver)({ attempt: 2 })).toEqual({ at: 'delivered' })
  expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual(['delivery-1', 'delivery-1'])
})

test('Retry-After is honoured where it is longer than the schedule, and never for more than a day', async () => {
  const asked = ['120', '0', '99999999999', 'Sun, 01 Mar 2026 12:01:00 GMT', 'nonsense']
  await using receiver = await startReceiver((_, count) => ({
    status: 503,
    headers: { 'retry-after': asked[count - 1]! },
  }))
  const send = senderTo(receiver, {
    clock: () => Date.parse('2026-03-01T12:00:00Z'),
    circuit: { failures: 99 },
  })
  const waits: unknown[] = []
  for (const _ of asked) waits.push(await send())
  expect(waits).toMatchObject([120_000, 500, 24 * 60 * 60_000, 60_000, 500].map((afterMs) => ({ afterMs })))
})

test('an endpoint that fails is left alone without an attempt, then tried once, then used again', async () => {
  let status = 503
  let now = at
  await using receiver = await startReceiver(() => ({ status }))
  const send = senderTo(receiver, { clock: () => now, circuit: { failures: 2, openMs: 10_000 } })
  await send()
  await send()
  now += 4_000
  const refused = await send()
  expect(refused).toMatchObject({ at: 'retry', afterMs: 6_000, attempted: false })
  expect(receiver.received).toHaveLength(2)
  now += 6_000
  const together = await Promise.all([send(), send(), send()])
  expect(together.map((result) => result.at === 'retry' && result.attempted)).toEqual([true, false, false])
  expect(receiver.received).toHaveLength(3)
  status = 200
  now += 10_000
  expect(await send()).toEqual({ at: 'delivered' })
  expect(await Promise.all([send(), send()])).toEqual([{ at: 'delivered' }, { at: 'delivered' }])
})

test('an endpoint that refuses messages works: it is not left alone', async () => {
  await using receiver = await startReceiver(() => ({ status: 422 }))
  const send = senderTo(receiver, { circuit: { failures: 1 } })
  for (let attempt = 1; attempt < 4; attempt++)
    expect(await send({ attempt })).toMatchObject({ attempted: true })
})

test('one endpoint that fails costs the others nothing', async () => {
  await using broken = await startReceiver(() => 'reset')
  await using works = await startReceiver(() => ({}))
  const sender = createWebhookSender({
    endpoints: {
      broken: { url: broken.url, secret: testSecret },
      works: { url: works.url, secret: testSecret },
    },
    circuit: { failures: 1 },
  })
  await sender.send('broken', first)
  expect(await sender.send('broken', first)).toMatchObject({ attempted: false })
  expect(await sender.send('works', first)).toEqual({ at: 'delivered' })
})

test('what can never be sent is dead at once', async () => {
  const send = senderTo({ url: 'http://127.0.0.1:9' })
  expect(await send({ data: 1n })).toMatchObject({ at: 'dead' })
  expect(await send({ at: Number.NaN })).toMatchObject({ at: 'dead' })
  const sender = createWebhookSender({ endpoints: {} })
  for (const name of ['gone', 'constructor', '__proto__'])
    expect(await sender.send(name, first)).toEqual({
      at: 'dead',
      error: `There is no webhook endpoint '${name}'.`,
    })
})

test('an endpoint that cannot work is refused when it is configured, and no secret is told', () => {
  const url = 'https://shop.example.org/hooks'
  const cases: [Partial<WebhookEndpoint>, RegExp][] = [
    [{ url: 'ftp://shop.example.org' }, /'shop'.*https/],
    [{ url: '/hooks' }, /url/],
    [{ url: 'https://user:password@shop.example.org' }, /headers/],
    [{ secret: 'not base64!' }, /base64/],
    [{ secret: '' }, /base64/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ timeoutMs: Number.NaN }, /timeoutMs/],
    [{ headers: { 'not a header': 'x' } }, /header/i],
  ]
  for (const [wrong, message] of cases) {
    const create = () => createWebhookSender({ endpoints: { shop: { url, secret: testSecret, ...wrong } } })
    expect(create).toThrow(TypeError)
    expect(create).toThrow(message)
    expect(create).not.toThrow(/not base64!|password@/)
  }
  expect(() => createWebhookSender({ endpoints: {}, schedule: [-1] })).toThrow(TypeError)
})

test('[E7] whatever an endpoint does, a message is delivered, due again, or dead with a reason', async () => {
  const status = fc.constantFrom(200, 204, 302, 404, 410, 429, 500, 503)
  const answer = fc.record({ status, retryAfter: fc.option(fc.string(), { nil: null }) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.option(answer, { nil: null }), { maxLength: 20 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      async (answers, chance) => {
        const schedule = [10, 100, 1_000]
        const ids = new Set<string | null>()
        let now = at
        let next = 0
        const fetch = async (_: unknown, init?: RequestInit) => {
          ids.add(new Headers(init?.headers).get('webhook-id'))
          const given = answers[next++]
          if (!given) throw new TypeError('fetch failed')
          const asked = given.retryAfter?.replace(/[^ -~]/g, '')
          return new Response(null, {
            status: given.status,
            headers: asked === undefined ? {} : { 'retry-after': asked },
          })
        }
        const send = senderTo(
          { url: 'https://shop.example.org' },
          { fetch, schedule, clock: () => now, random: () => chance, circuit: { failures: 2, openMs: 500 } },
        )
        for (let attempt = 1; ; ) {
          const before = next
          const result = await send({ attempt })
          const last = before < answers.length ? answers[before] : null
          if (result.at === 'delivered') {
            expect(last?.status).toBeLessThan(300)
            break
          }
          expect(result.error).not.toBe('')
          if (result.at === 'dead') {
            expect(attempt === schedule.length + 1 || last?.status === 410).toBe(true)
            break
          }
          if (result.attempted) {
            expect(result.afterMs).toBeGreaterThanOrEqual(Math.floor(schedule[attempt - 1]! * 0.8))
            attempt += 1
          } else {
            expect(next).toBe(before)
            expect(result.afterMs).toBeGreaterThan(0)
          }
          now += result.afterMs
        }
        expect(ids).toEqual(new Set(['delivery-1']))
      },
    ),
  )
})
