import { createServer, type HookOptions, memoryLog } from '@interplay/server'
import { roomName } from '@interplay/shared'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { board, boardRoom } from './board.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`
const next = `whsec_${Buffer.from('the next one of thirty-two bytes').toString('base64')}`

const shop: HookOptions = {
  secret: [secret, next],
  dispatch: ({ type, data, params }) => {
    if (type === 'ignored') return null
    if (type === 'bug') throw new Error('a bug')
    return { room: roomName(board, { boardId: params.board ?? 'q3' }), event: 'score.add', input: data }
  },
}

interface Delivery {
  readonly id?: string
  readonly body?: string
  readonly at?: Date
  readonly secret?: string
  readonly headers?: Record<string, string>
  readonly query?: string
}

function deliver(world: World, name: string, content: unknown, delivery: Delivery = {}): Promise<Response> {
  const { id = 'msg_1', at = new Date(), query = '' } = delivery
  const body = JSON.stringify(content)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(delivery.secret ?? secret).sign(id, at, body),
    ...delivery.headers,
  }
  return fetch(`${world.http}/hooks/${name}${query}`, {
    method: 'POST',
    body: delivery.body ?? body,
    headers,
  })
}

async function score(world: World, boardId = 'q3'): Promise<number> {
  const response = await fetch(`${world.http}/api/rooms/${encodeURIComponent(`board/${boardId}`)}`)
  return ((await response.json()) as { score: number }).score
}

const paid = { type: 'paid', timestamp: '2026-01-01T00:00:00Z', data: { by: 3 } }

test('[E1] a webhook is an event under its id: it runs once, however often it is delivered', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await startWorld({ rooms: [boardRoom], hooks: { shop }, folder: folder.path })
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await deliver(world, 'shop', paid)
      expect(response.status).toBe(200)
      expect(await response.json()).toEqual({ eventId: 'msg_1', output: { score: 3 } })
    }
    expect(await score(world)).toBe(3)
  }
  await using world = await startWorld({ rooms: [boardRoom], hooks: { shop }, folder: folder.path })
  expect(await (await deliver(world, 'shop', paid)).json()).toEqual({
    eventId: 'msg_1',
    output: { score: 3 },
  })
  expect((await deliver(world, 'shop', paid, { id: 'msg_2', query: '?board=q4' })).status).toBe(200)
  expect([await score(world), await score(world, 'q4')]).toEqual([3, 3])
})

test('[E1] the answer comes once the event is durable', async () => {
  const log = memoryLog()
  const { promise: durable, resolve: release } = Promise.withResolvers<void>()
  const append = log.append.bind(log)
  log.append = async (...entries) => {
    await durable
    return append(...entries)
  }
  await using world = await startWorld({ rooms: [boardRoom], hooks: { shop }, log })
  let answered = false
  const answer = deliver(world, 'shop', paid).then((response) => {
    answered = true
    return response.status
  })
  // Whatever is asked after it is answered before it.
  for (let round = 0; round < 20; round++) await fetch(`${world.http}/healthz`)
  expect(answered).toBe(false)
  release()
  expect(await answer).toBe(200)
})

test('secrets are replaced without a gap', async () => {
  await using world = await startWorld({ rooms: [boardRoom], hooks: { shop } })
  expect((await deliver(world, 'shop', paid, { secret: next })).status).toBe(200)
  const both = {
    'webhook-signature': [secret, next]
      .map((each) => new Webhook(each).sign('msg_2', new Date(), JSON.stringify(paid)))
      .join(' '),
  }
  expect((await deliver(world, 'shop', paid, { id: 'msg_2', headers: both })).status).toBe(200)
  const serverWith = (wrong: string | string[]) =>
    createServer({ log: memoryLog(), hooks: { shop: { secret: wrong, dispatch: () => null } } })
  expect(() => serverWith('')).toThrow(TypeError)
  expect(() => serverWith([])).toThrow(TypeError)
  expect(() => serverWith('whsec_not base64!')).toThrow(TypeError)
})

test('[E6] what is not signed as it must be is refused, and does nothing', async () => {
  await using world = await startWorld({ rooms: [boardRoom], hooks: { shop }, maxFrameBytes: 5_000 })
  const minutes = (count: number) => new Date(Date.now() + count * 60_000)
  const other = `whsec_${Buffer.from('somebody else').toString('base64')}`
  const forged: [string, Delivery][] = [
    ['another secret', { secret: other }],
    ['another body', { body: JSON.stringify({ ...paid, data: { by: 4 } }) }],
    ['the same JSON in other bytes', { body: JSON.stringify(paid, null, 1) }],
    ['another id', { headers: { 'webhook-id': 'msg_2' } }],
    ['another time', { headers: { 'webhook-timestamp': String(Math.floor(Date.now() / 1000) - 60) } }],
    ['too old', { at: minutes(-6) }],
    ['too new', { at: minutes(6) }],
    ['no number', { headers: { 'webhook-timestamp': 'today' } }],
    ['no signature', { headers: { 'webhook-signature': '' } }],
    ['a signature that is none', { headers: { 'webhook-signature': 'v1 v1, v1,== v1a,x' } }],
    ['no id', { headers: { 'webhook-id': '' } }],
  ]
  for (const [what, delivery] of forged) {
    const response = await deliver(world, 'shop', paid, delivery)
    expect(response.status, what).toBe(401)
    expect(await response.json(), what).toMatchObject({ error: { code: 'unauthorized' } })
  }
  const unsigned = await fetch(`${world.http}/hooks/shop`, { method: 'POST', body: '{}' })
  expect(unsigned.status).toBe(401)
  expect((await deliver(world, 'shop', 'x'.repeat(6_000))).status).toBe(413)
  expect((await deliver(world, 'nobody', paid)).status).toBe(404)
  expect((await fetch(`${world.http}/hooks/shop`)).status).toBe(404)
  expect(await score(world)).toBe(0)
})

test('[E6] an event that a webhook cannot be is refused with the reason, and tried again by its sender', async () => {
  await using world = await startWorld({ rooms: [boardRoom], hooks: { shop } })
  expect((await deliver(world, 'shop', { type: 'ignored' })).status).toBe(204)
  const invalid = await deliver(world, 'shop', { type: 'paid', data: { by: 'three' } }, { id: 'msg_2' })
  expect(invalid.status).toBe(400)
  expect(await invalid.json()).toMatchObject({
    error: { code: 'invalid-input', issues: [{ path: ['by'] }] },
  })
  // A body that is no envelope is the data itself.
  expect((await deliver(world, 'shop', { by: 5 }, { id: 'msg_3' })).status).toBe(200)
  expect((await deliver(world, 'shop', { type: 'bug' }, { id: 'msg_4' })).status).toBe(500)
  expect(world.errors).toHaveLength(1)
  const long = await deliver(world, 'shop', paid, { id: 'x'.repeat(129) })
  expect(await long.json()).toMatchObject({ error: { code: 'malformed' } })
  expect(await score(world)).toBe(5)
  const metrics = await (await fetch(`${world.http}/metrics`)).text()
  for (const outcome of ['ok', 'ignored', 'invalid-input', 'internal', 'malformed'])
    expect(metrics).toContain(`interplay_ingested_total{source="hook:shop",outcome="${outcome}"} 1`)
})

test('without hooks, their paths are those of the application', async () => {
  await using world = await startWorld({ fetch: () => new Response('app') })
  expect(await (await fetch(`${world.http}/hooks/shop`, { method: 'POST' })).text()).toBe('app')
})
