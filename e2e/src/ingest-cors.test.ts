import { createServer, memoryLog } from '@interplay/server'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { boardRoom } from './board.ts'
import { startWorld, type World } from './world.ts'

const room = `/api/rooms/${encodeURIComponent('board/q3')}`
const app = 'https://app.example'
const hooks = { shop: { secret: 'whsec_c2VjcmV0', dispatch: () => null } }

function ask(world: World, path: string, origin: string | null, init: RequestInit = {}): Promise<Response> {
  return fetch(world.http + path, { ...init, headers: { ...init.headers, ...(origin && { origin }) } })
}

function preflight(world: World, path: string, origin: string): Promise<Response> {
  return ask(world, path, origin, {
    method: 'OPTIONS',
    headers: {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,idempotency-key',
    },
  })
}

/** The status with which an upgrade is answered. */
function upgrade(world: World, path: string, origin?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(world.ws + path, origin === undefined ? {} : { origin })
    socket.on('open', () => {
      socket.close()
      resolve(101)
    })
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
    socket.on('error', reject)
  })
}

test('a page of an origin that is allowed uses the API, errors included', async () => {
  await using world = await startWorld({ rooms: [boardRoom], cors: [app], hooks })
  for (const path of [`${room}/events/title`, '/hooks/shop']) {
    const answer = await preflight(world, path, app)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(app)
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST')
    expect(answer.headers.get('access-control-allow-headers')).toContain('Idempotency-Key')
    expect(answer.headers.get('vary')).toContain('Origin')
  }
  const found = await ask(world, room, app)
  const missing = await ask(world, '/api/nothing', app)
  const refused = await ask(world, `${room}/events/refuse`, app, { method: 'POST' })
  const large = await ask(world, `${room}/events`, app, { method: 'POST', body: 'x' })
  const live = await ask(world, `${room}/live`, app)
  expect([found, missing, refused, large, live].map(({ status }) => status)).toEqual([
    200, 404, 409, 200, 200,
  ])
  for (const response of [found, missing, refused, large, live]) {
    expect(response.headers.get('access-control-allow-origin'), response.url).toBe(app)
    expect(response.headers.get('vary'), response.url).toContain('Origin')
    await response.body?.cancel()
  }
})

test('[G2] a page of another origin is refused, and has no effect', async () => {
  await using world = await startWorld({ rooms: [boardRoom], cors: [app], hooks })
  for (const origin of [
    'https://evil.example',
    'https://app.example.evil.example',
    'http://app.example',
    'null',
  ]) {
    expect((await preflight(world, room, origin)).headers.get('access-control-allow-origin')).toBeNull()
    // What a form could send without asking first.
    const body = '{"by":1}'
    const headers = { 'content-type': 'text/plain' }
    const response = await ask(world, `${room}/events/score.add`, origin, { method: 'POST', body, headers })
    expect(response.status, origin).toBe(403)
    expect(await response.json()).toMatchObject({ error: { code: 'forbidden' } })
    expect((await ask(world, '/hooks/shop', origin, { method: 'POST' })).status).toBe(403)
  }
  expect(await (await ask(world, room, null)).json()).toMatchObject({ score: 0 })
  expect((await ask(world, room, world.http)).status).toBe(200)
  expect((await ask(world, '/healthz', 'https://evil.example')).status).toBe(200)
})

test('WebSockets of both dialects are for the same pages', async () => {
  await using world = await startWorld({ rooms: [boardRoom], cors: [app] })
  for (const path of ['/', '/y/board%2Fq3']) {
    expect(await upgrade(world, path, app)).toBe(101)
    expect(await upgrade(world, path)).toBe(101)
    expect(await upgrade(world, path, world.http)).toBe(101)
    expect(await upgrade(world, path, 'https://evil.example')).toBe(403)
  }
})

test('without the option no page reads the API, and with * every one does', async () => {
  await using closed = await startWorld({ rooms: [boardRoom] })
  expect((await ask(closed, room, app)).headers.get('access-control-allow-origin')).toBeNull()
  expect(await upgrade(closed, '/', app)).toBe(101)
  await using open = await startWorld({ rooms: [boardRoom], cors: ['*'] })
  expect((await ask(open, room, app)).headers.get('access-control-allow-origin')).toBe('*')
  expect(await upgrade(open, '/', app)).toBe(101)
})

test('an entry that no browser would send is refused when the server is made', () => {
  for (const wrong of [
    'app.example',
    'https://app.example/',
    'https://app.example:443',
    'https://*.example',
    '',
  ])
    expect(() => createServer({ log: memoryLog(), cors: [wrong] }), wrong).toThrow(/cors: /)
})
