import { jwt } from '@interplay/server'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board, boardRoom, gates } from './board.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const secret = 'a secret that is long enough for HS256'
const token = (claims: Record<string, unknown> = {}) =>
  new SignJWT({ sub: 'ada', ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret))

const start = (options = {}) => startWorld({ rooms: [boardRoom], auth: jwt({ secret }), ...options })

async function join(world: World, claims = {}, boardId = 'q3') {
  const room = world.client({ token: () => token(claims) }).join(board, { boardId })
  await room.ready
  return room
}

test('[E1] the same id gets the stored reply, also from another socket and after a restart', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await start({ folder: folder.path })
    using first = await (await WireClient.connect(world)).join('board/q3', await token())
    using second = await (await WireClient.connect(world)).join('board/q3', await token())
    for (const client of [first, first, second])
      client.dispatch('board/q3', 'event-1', 'score.add', { by: 5 })
    expect(await first.answered('event-1')).toEqual({ ok: true, output: { score: 5 } })
    expect(await second.answered('event-1')).toEqual({ ok: true, output: { score: 5 } })
  }
  await using world = await start({ folder: folder.path })
  using third = await (await WireClient.connect(world)).join('board/q3', await token())
  third.dispatch('board/q3', 'event-1', 'score.add', { by: 5 }, 1)
  expect(await third.answered('event-1')).toEqual({ ok: true, output: { score: 5 } })
  const room = await join(world)
  expect(room.state.score.value).toBe(5)
})

test('[E1] an event id is its user’s own: nobody gets the reply of another', async () => {
  await using world = await start()
  using ada = await (await WireClient.connect(world)).join('board/q3', await token())
  using bob = await (await WireClient.connect(world)).join('board/q3', await token({ sub: 'bob' }))
  ada.dispatch('board/q3', 'event-1', 'note.add', { text: 'private' })
  await ada.answered('event-1')
  bob.dispatch('board/q3', 'event-1', 'score.add', { by: 1 })
  expect(await bob.answered('event-1')).toEqual({ ok: true, output: { score: 1 } })
})

test('a new token changes what a session may do, and a bad one ends it', async () => {
  await using world = await start()
  using client = await (await WireClient.connect(world)).join('board/q3', await token())
  const edit = () => {
    const document = new Y.Doc()
    document.getText('title').insert(0, 'x')
    client.update('board/q3', Y.encodeStateAsUpdate(document))
  }
  edit()
  await until(() => client.statuses('board/q3', true) === 1)
  client.auth('board/q3', await token({ readOnly: true }))
  edit()
  await until(() => client.statuses('board/q3', false) === 1)
  client.auth('board/q3', 'forged')
  await until(() => client.refusals().some(({ scope }) => scope === 'join'))
  expect(client.refusals().at(-1)).toMatchObject({ scope: 'join', error: { code: 'unauthorized' } })
})

test('[E1] a failure of the handler is stored as well: the same id fails alike', async () => {
  await using world = await start()
  using client = await (await WireClient.connect(world)).join('board/q3', await token())
  client.dispatch('board/q3', 'event-1', 'refuse')
  const outcome = await client.answered('event-1')
  client.runtime.length = 0
  client.dispatch('board/q3', 'event-1', 'note.add', { text: 'other' }, 1)
  expect(await client.answered('event-1')).toEqual(outcome)
})

test('[E2] events of one session run in the order they were dispatched', async () => {
  await using world = await start()
  const room = await join(world)
  const numbers = Array.from({ length: 300 }, (_, number) => number)
  await Promise.all(numbers.map((number) => room.dispatch('number', { number, client: 'a' })))
  expect(room.state.applied.toJSON()).toEqual(numbers.map((number) => `a:${number}`))
})

test('[E2] one handler at a time in a room, and a slow one does not stop another room', async () => {
  await using world = await start()
  const room = await join(world)
  const elsewhere = await join(world, {}, 'other')
  const waiting = room.dispatch('wait', { gate: 'one' })
  const behind = room.dispatch('score.add', { by: 1 })
  await until(() => gates.has('one'))
  expect(await elsewhere.dispatch('score.add', { by: 1 })).toEqual({ score: 1 })
  expect(room.state.score.value).toBe(0)
  gates.get('one')!()
  await waiting
  expect(await behind).toEqual({ score: 1 })
  expect(room.state.status.get()).toBe('done')
})

test('[E3] a handler that throws leaves no trace, and the caller gets a typed error', async () => {
  await using world = await start()
  const room = await join(world)
  await expect(room.dispatch('throw')).rejects.toMatchObject({ code: 'internal' })
  await expect(room.dispatch('refuse')).rejects.toMatchObject({
    code: 'conflict',
    details: { by: 'somebody' },
  })
  await room.dispatch('score.add', { by: 2 })
  expect(room.state.status.get()).toBeUndefined()
  expect(room.state.score.value).toBe(2)
  expect(JSON.stringify(world.errors)).toContain('a bug')
})

test('[E3] half of an asynchronous handler is seen by nobody', async () => {
  await using world = await start()
  const room = await join(world)
  const seen: unknown[] = []
  room.state.status.subscribe(() => seen.push(room.state.status.get()))
  const waiting = room.dispatch('wait', { gate: 'half' })
  await until(() => gates.has('half'))
  room.state.title.insert(0, 'meanwhile')
  await until(() => room.status.at === 'unsaved' || room.status.at === 'synced')
  expect(seen).toEqual([])
  gates.get('half')!()
  await waiting
  expect(seen).toEqual(['done'])
  expect(room.state.title.toString()).toBe('meanwhile')
})

test('[E4] when the reply arrives the caller sees the state it caused', async () => {
  await using world = await start()
  const room = await join(world)
  for (let index = 0; index < 50; index++) {
    const { noteId } = await room.dispatch('note.add', { text: `note ${index}` })
    expect(room.state.notes.get(noteId)).toEqual({ text: `note ${index}`, by: 'ada' })
  }
})

test('[E5] edits made before an event are in the state its handler sees', async () => {
  await using world = await start()
  const room = await join(world)
  for (let index = 0; index < 50; index++) {
    room.state.title.insert(0, 'x')
    expect(await room.dispatch('title')).toBe('x'.repeat(index + 1))
  }
})

test('[E6] bad input, unknown events, guards and wrong outputs cost that one event', async () => {
  await using world = await start()
  const room = await join(world)
  const invalid = room.dispatch('note.add', { text: 7 as never })
  await expect(invalid).rejects.toMatchObject({ code: 'invalid-input', issues: [{ path: ['text'] }] })
  const untyped = (event: string) => room.dispatch(event as 'secret')
  await expect(untyped('nothing')).rejects.toMatchObject({ code: 'unknown-event' })
  await expect(untyped('toString')).rejects.toMatchObject({ code: 'unknown-event' })
  await expect(room.dispatch('secret')).rejects.toMatchObject({ code: 'forbidden' })
  await expect(room.dispatch('wrong-output')).rejects.toMatchObject({ code: 'internal' })
  expect(await room.dispatch('score.add', { by: 1 })).toEqual({ score: 1 })
})

test('[E6] a handler past its deadline is told so, and its draft discarded', async () => {
  await using world = await start({ handlerDeadlineMs: 50 })
  const room = await join(world)
  await expect(room.dispatch('hang')).rejects.toMatchObject({ code: 'deadline-exceeded', retry: true })
  expect(await room.dispatch('score.add', { by: 1 })).toEqual({ score: 1 })
  expect(room.state.status.get()).toBeUndefined()
})

test('[E6] an inbox that is full answers so', async () => {
  await using world = await start({ maxInboxEvents: 3 })
  using client = await (await WireClient.connect(world)).join('board/q3', await token())
  client.dispatch('board/q3', 'first', 'wait', { gate: 'full' })
  for (const id of ['a', 'b', 'c']) client.dispatch('board/q3', id, 'title')
  expect(await client.answered('c')).toMatchObject({ ok: false, error: { code: 'overloaded' } })
  await until(() => gates.has('full'))
  gates.get('full')!()
  expect(await client.answered('b')).toMatchObject({ ok: true })
})

test('[E6] who is not admitted gets a typed reason, and other rooms of the socket go on', async () => {
  await using world = await start()
  using client = await (await WireClient.connect(world)).join('board/open', await token())
  client.auth('board/banned', await token({ banned: true }))
  client.auth('board/broken', await token({ admitThrows: true }))
  client.auth('board/forged', 'forged')
  client.auth('nowhere', await token())
  await until(() => client.refusals().length === 4)
  const codes = client.refusals().map((frame) => [frame.room, frame.error.code])
  expect(Object.fromEntries(codes)).toEqual({
    'board/banned': 'forbidden',
    'board/broken': 'internal',
    'board/forged': 'unauthorized',
    nowhere: 'unknown-room',
  })
  client.dispatch('board/open', 'still', 'score.add', { by: 1 })
  expect(await client.answered('still')).toMatchObject({ ok: true })
})

test('[S5] a read-only session and a field of the handlers: refused with a reason, other writes stand', async () => {
  await using world = await start()
  const writer = await join(world)
  writer.state.title.insert(0, 'kept')
  const reader = await join(world, { sub: 'eve', readOnly: true })
  expect(() => reader.state.title.insert(0, 'x')).toThrow(expect.objectContaining({ code: 'read-only' }))
  expect(() => writer.state.score.add(1)).toThrow(expect.objectContaining({ code: 'not-writable' }))

  using hostile = await (await WireClient.connect(world)).join('board/q3', await token())
  const document = new Y.Doc()
  document.getArray('applied').push(['forged'])
  hostile.update('board/q3', Y.encodeStateAsUpdate(document))
  await until(() => hostile.statuses('board/q3', false) === 1)
  expect(hostile.refusals()).toMatchObject([{ scope: 'write', error: { code: 'not-writable' } }])
  expect(writer.state.applied.length).toBe(0)
})

test('[S5] the SDK puts a client back to the state of the server after a refused write', async () => {
  await using world = await start()
  const room = await join(world)
  room.state.title.insert(0, 'shared')
  await until(() => room.status.at === 'synced')
  const resets: unknown[] = []
  room.onReset((error) => resets.push(error))
  const before = room.doc
  room.doc.getArray('applied').push(['forged'])
  await until(() => resets.length === 1 && room.status.at === 'synced')
  expect(resets[0]).toMatchObject({ code: 'not-writable' })
  expect(room.doc).not.toBe(before)
  expect(room.state.applied.length).toBe(0)
  expect(room.state.title.toString()).toBe('shared')
  room.state.title.insert(0, 'still ')
  await until(() => room.status.at === 'synced')
})
