import { createServer as createHttpServer } from 'node:http'
import { jwt } from '@interplay/server'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board, boardRoom } from './board.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const room = `/api/rooms/${encodeURIComponent('board/q3')}`

function post(
  world: World,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(world.http + path, { method: 'POST', body: text, headers })
}

test('[E1] an event over HTTP: its key is its id, and the same key gets the stored reply', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const headers = { 'idempotency-key': 'order-1' }
  for (let attempt = 0; attempt < 2; attempt++) {
    const response = await post(world, `${room}/events/score.add`, { by: 3 }, headers)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ eventId: 'order-1', output: { score: 3 } })
  }
  const client = world.client().join(board, { boardId: 'q3' })
  await client.ready
  expect(client.state.score.value).toBe(3)
})

test('[E6] what is wrong with a request is said with a code, a status and a path', async () => {
  await using world = await startWorld({ rooms: [boardRoom], maxFrameBytes: 1_000 })
  const cases: [string, unknown, number, unknown][] = [
    [`${room}/events/note.add`, { text: 1 }, 400, { code: 'invalid-input', issues: [{ path: ['text'] }] }],
    [`${room}/events/note.add`, '{', 400, { code: 'malformed' }],
    [`${room}/events/nothing`, {}, 404, { code: 'unknown-event' }],
    [`${room}/events/refuse`, '', 409, { code: 'conflict', details: { by: 'somebody' } }],
    [`${room}/events/throw`, '', 500, { code: 'internal' }],
    [`${room}/events/secret`, '', 403, { code: 'forbidden' }],
    [`${room}/events/note.add`, { text: 'x'.repeat(2_000) }, 413, { code: 'too-large' }],
    ['/api/rooms/nowhere/events/x', {}, 404, { code: 'unknown-room' }],
    ['/api/nothing', {}, 404, { code: 'not-found' }],
  ]
  for (const [path, body, status, error] of cases) {
    const response = await post(world, path, body)
    expect([path, response.status]).toEqual([path, status])
    expect(await response.json()).toMatchObject({ error })
  }
})

test('[S1] the state as JSON, and the document as an update, are those of the room', async () => {
  await using world = await startWorld({ rooms: [boardRoom], openRooms: true })
  const client = world.client().join(board, { boardId: 'q3' })
  await client.ready
  client.state.title.insert(0, 'Title')
  await client.dispatch('score.add', { by: 2 })
  const state = await (await fetch(world.http + room)).json()
  expect(state).toMatchObject({ title: 'Title', score: 2, notes: {} })
  const copy = new Y.Doc()
  Y.applyUpdate(copy, new Uint8Array(await (await fetch(`${world.http}${room}/document`)).arrayBuffer()))
  expect(copy.getText('title').toString()).toBe('Title')

  const open = world.client().openRoom('scratch')
  await open.ready
  open.doc.getText('text').insert(0, 'hello')
  open.doc.getArray('list').push([1, { two: 2 }])
  open.doc.getMap('map').set('key', 'value')
  await until(() => open.status.at === 'synced')
  const expected = { text: 'hello', list: [1, { two: 2 }], map: { key: 'value' } }
  expect(await (await fetch(`${world.http}/api/rooms/scratch`)).json()).toEqual(expected)
})

test('[S2] an update that is put is durable when the answer comes, and reaches those in the room', async () => {
  await using folder = await temporaryFolder()
  const document = new Y.Doc()
  document.getText('title').insert(0, 'put')
  {
    await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
    const client = world.client().join(board, { boardId: 'q3' })
    await client.ready
    const put = (body: Uint8Array) =>
      fetch(`${world.http}${room}/document`, { method: 'PUT', body: body as Uint8Array<ArrayBuffer> })
    expect((await put(Y.encodeStateAsUpdate(document))).status).toBe(204)
    await until(() => client.state.title.toString() === 'put')
    expect((await put(new Uint8Array([1, 2, 3]))).status).toBe(400)
    document.getArray('applied').push(['forged'])
    expect((await put(Y.encodeStateAsUpdate(document))).status).toBe(403)
  }
  await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
  expect(await (await fetch(world.http + room)).json()).toMatchObject({ title: 'put', applied: [] })
})

test('tokens of a key set are verified, and others refused', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }
  const issuer = createHttpServer((_request, response) => response.end(JSON.stringify(keys))).listen(
    0,
    '127.0.0.1',
  )
  await new Promise((resolve) => issuer.once('listening', resolve))
  const { port } = issuer.address() as { port: number }
  const sign = (claims: Record<string, unknown>, expires = '1h') =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .setExpirationTime(expires)
      .sign(privateKey)
  await using world = await startWorld({
    rooms: [boardRoom],
    auth: jwt({ jwks: `http://127.0.0.1:${port}/keys` }),
  })
  const ask = async (token?: string) => {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    return (await fetch(world.http + room, { headers })).status
  }
  expect(await ask(await sign({ sub: 'ada' }))).toBe(200)
  expect(await ask(await sign({ sub: 'ada' }, '-1h'))).toBe(401)
  expect(await ask(await sign({}))).toBe(401)
  expect(await ask('forged')).toBe(401)
  expect(await ask()).toBe(401)
  expect(await ask(await sign({ sub: 'eve', banned: true }))).toBe(403)
  issuer.close()
})

test('health, readiness, metrics and the application behind them', async () => {
  await using world = await startWorld({
    fetch: (request) => new Response(`app ${new URL(request.url).pathname}`),
  })
  const text = async (path: string) => (await fetch(world.http + path)).text()
  expect(await text('/healthz')).toBe('ok')
  expect(await text('/readyz')).toBe('ready')
  expect(await text('/metrics')).toContain('interplay_degraded_rooms 0')
  expect(await text('/some/page')).toBe('app /some/page')
})
