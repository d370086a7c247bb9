import { connect } from 'node:net'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { Extension } from '@hocuspocus/server'
import { createServer, memoryLog } from '@interplay/server'
import * as encoding from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board, boardRoom } from './board.ts'
import { random } from './random.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, type World } from './world.ts'

/** Two honest clients that go on editing and dispatching; `alive` proves that nobody disturbed them. */
async function witnesses(world: World) {
  const one = world.client().join(board, { boardId: 'witness' })
  const two = world.client().join(board, { boardId: 'witness' })
  await Promise.all([one.ready, two.ready])
  let round = 0
  return {
    one,
    two,
    async alive() {
      round += 1
      one.state.entries.push(`edit ${round}`)
      const { score } = await two.dispatch('score.add', { by: 1 })
      expect(score).toBe(round)
      await until(() => two.state.entries.length === round && one.state.score.value === round)
      expect([one.status.at, two.status.at]).not.toContain('offline')
    },
  }
}

const update = (write: (document: Y.Doc) => void) => {
  const document = new Y.Doc()
  write(document)
  return Y.encodeStateAsUpdate(document)
}

test('[S4] updates that do not decode, or lack something, are never acknowledged', async () => {
  await using world = await startWorld()
  using client = await (await WireClient.connect(world)).join('room')
  client.update('room', new Uint8Array([1, 200, 1, 7]))
  await until(() => client.statuses('room', false) === 1)
  expect(client.refusals()).toMatchObject([{ scope: 'write', error: { code: 'malformed' } }])

  using gap = await (await WireClient.connect(world)).join('room')
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (bytes: Uint8Array) => updates.push(bytes))
  for (const letter of 'cba') document.getText('t').insert(0, letter)
  gap.update('room', updates[2]!)
  gap.update('room', updates[0]!)
  await until(() => gap.statuses('room', true) === 1)
  await gap.settled()
  expect(gap.statuses('room', true) + gap.statuses('room', false)).toBe(1)
  // What was missing comes: both are acknowledged, it and what waited for it.
  gap.update('room', updates[1]!)
  await until(() => gap.statuses('room', true) === 3)
  const copy = await (await WireClient.connect(world)).join('room')
  const [state] = copy.frames.filter(({ sync }) => sync === 1)
  const read = new Y.Doc()
  Y.applyUpdate(read, state!.body)
  expect(read.getText('t').toString()).toBe('abc')
  copy[Symbol.dispose]()
})

test('[S4] structs that wait for each other are refused, and do not stay in the document', async () => {
  await using world = await startWorld()
  using client = await (await WireClient.connect(world)).join('room')
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, 2)
  for (const [own, other] of [
    [2, 1],
    [1, 2],
  ] as const) {
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint(encoder, own)
    encoding.writeVarUint(encoder, 0)
    encoding.writeUint8(encoder, 0x80 | 4)
    encoding.writeVarUint(encoder, other)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, 'x')
  }
  encoding.writeVarUint(encoder, 0)
  client.update('room', encoding.toUint8Array(encoder))
  await until(() => client.statuses('room', false) === 1)
  using honest = await (await WireClient.connect(world)).join('room')
  honest.update(
    'room',
    update((document) => document.getText('t').insert(0, 'fine')),
  )
  await until(() => honest.statuses('room', true) === 1)
})

test('[G2] garbage costs its sender a session or a socket, with a typed reason', async () => {
  await using world = await startWorld({ rooms: [boardRoom], openRooms: true, maxFrameBytes: 100_000 })
  const { alive } = await witnesses(world)
  await alive()

  using truncated = await (await WireClient.connect(world)).join('a')
  truncated.frame('a', 0, (encoder) => encoding.writeVarUint(encoder, 2))
  await until(() => truncated.refusals().length === 1)
  expect(truncated.refusals()[0]).toMatchObject({ scope: 'join', error: { code: 'malformed' } })
  expect(truncated.closed).toBeNull()
  await truncated.join('b')

  using text = await WireClient.connect(world)
  text.webSocket.send('text')
  using nameless = await WireClient.connect(world)
  nameless.send(new Uint8Array([200, 200]))
  using future = await WireClient.connect(world, { hello: false })
  future.send(new Uint8Array([0, 0, 99, 0]))
  using large = await (await WireClient.connect(world)).join('a')
  large.send(new Uint8Array(100_001))
  await until(() => [text, nameless, future, large].every(({ closed }) => closed))
  expect([text, nameless, future, large].map(({ closed }) => closed?.code)).toEqual([4400, 4400, 4426, 1009])
  await alive()
})

test('[G2] bytes that are no WebSocket cost their connection', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const { alive } = await witnesses(world)
  const upgrade = 'Upgrade: websocket\r\nConnection: upgrade\r\n'
  for (const head of [
    `GET / HTTP/1.1\r\nHost: a b\r\n${upgrade}\r\n`,
    `GET // HTTP/1.1\r\nHost: [\r\n${upgrade}\r\n`,
    'GARBAGE\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n',
  ]) {
    const socket = connect(world.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(head)
    socket.resume()
    await new Promise((resolve) => socket.on('close', resolve))
  }
  using client = await WireClient.connect(world)
  // A frame with reserved bits set, and no mask (RFC 6455, section 5.2).
  const raw = client.webSocket as unknown as { _socket: import('node:net').Socket }
  raw._socket.write(new Uint8Array([0xff, 0x7f, 0, 0, 0, 0, 0, 0]))
  await until(() => client.closed)
  await alive()
})

test('[G2] ten thousand hostile frames disturb nobody (seed 4711)', { timeout: 120_000 }, async () => {
  await using world = await startWorld({ rooms: [boardRoom], openRooms: true, maxFrameBytes: 1_000_000 })
  const { alive, one } = await witnesses(world)
  await alive()
  const { integer, bytes, pick } = random(4711)
  const valid = frames(one.doc)
  const updates = [
    update((copy) => copy.getText('title').insert(0, 'text 😀')),
    update((copy) => copy.getMap('notes').set('a', { deep: [1, null, new Uint8Array(3)] })),
    update((copy) => copy.getArray('applied').push(['forged'])),
  ]
  const outcomes = { sockets: 0, sessions: 0, writes: 0 }
  let client: WireClient | null = null
  for (let sent = 0; sent < 10_000; sent += 10) {
    if (!client || client.closed) {
      if (client) outcomes.sockets += 1
      client = await WireClient.connect(world)
    }
    for (const room of ['board/fuzz', 'fuzz']) client.auth(room)
    for (let index = 0; index < 10; index++) {
      if (integer(4) > 0) client.send(mutated(pick(valid), integer, bytes))
      else client.update(pick(['board/fuzz', 'fuzz']), mutated(pick(updates), integer, bytes))
    }
    await client.settled()
    for (const { scope } of client.refusals()) outcomes[scope === 'join' ? 'sessions' : 'writes'] += 1
    client.runtime.length = 0
    client.frames.length = 0
    if (sent % 1_000 === 0) await alive()
  }
  client?.[Symbol.dispose]()
  await alive()
  // The fuzz reached every depth: sockets, sessions and single writes were refused.
  for (const [depth, count] of Object.entries(outcomes)) expect(count, depth).toBeGreaterThan(50)
})

/** Valid frames of every kind, addressed to rooms that the fuzz joins. */
function frames(document: Y.Doc): Uint8Array[] {
  const collected: Uint8Array[] = []
  const collector = Object.assign(Object.create(WireClient.prototype) as WireClient, {
    send: (bytes: Uint8Array) => void collected.push(bytes),
  })
  for (const room of ['board/fuzz', 'fuzz']) {
    collector.auth(room, 'token')
    collector.sync(room, 0, Y.encodeStateVector(document))
    collector.sync(room, 1, Y.encodeStateAsUpdate(document))
    collector.update(
      room,
      update((copy) => copy.getText('title').insert(0, 'text 😀')),
    )
    collector.update(
      room,
      update((copy) => copy.getMap('notes').set('a', { deep: [1, null, new Uint8Array(3)] })),
    )
    collector.awareness(room, new Uint8Array([1, 7, 1, 2, 123, 125]))
    for (const type of [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) {
      collector.frame(room, type, (encoder) => encoding.writeVarString(encoder, 'x'))
    }
    collector.dispatch(room, 'event', 'score.add', { by: 1 })
    collector.dispatch(room, 'event', 'throw')
  }
  return collected
}

/** Changes a frame; two times in three it leaves the address alone, so that the session has to deal with it. */
function mutated(
  frame: Uint8Array,
  integer: (below: number) => number,
  bytes: (length: number) => Uint8Array,
): Uint8Array {
  const copy = frame.slice()
  const body = integer(3) === 0 ? 0 : copy[0] === 0 ? 2 : 1 + copy[0]!
  switch (integer(6)) {
    case 0:
      return copy.subarray(0, body + integer(copy.length - body))
    case 1:
      return new Uint8Array([...copy.subarray(0, body), ...bytes(integer(64))])
    case 2:
      return new Uint8Array([...copy, ...bytes(integer(16))])
    case 3:
      return copy
    default: {
      for (let count = 1 + integer(4); count > 0; count--)
        copy[body + integer(copy.length - body)] = integer(256)
      return copy
    }
  }
}

test('[G3] a socket that joins nothing in time is closed', async () => {
  await using world = await startWorld({ unauthenticatedMs: 50 })
  using idle = await WireClient.connect(world)
  await until(() => idle.closed)
  expect(idle.closed?.code).toBe(4401)
})

test('[G3] one room too many on a socket is refused, and the others go on', async () => {
  await using world = await startWorld({ maxRoomsPerSocket: 2 })
  using greedy = await (await WireClient.connect(world)).join('a')
  await greedy.join('b')
  greedy.auth('c')
  await until(() => greedy.refusals().length === 1)
  expect(greedy.refusals()).toMatchObject([{ room: 'c', scope: 'join', error: { code: 'overloaded' } }])
  greedy.update(
    'a',
    update((document) => document.getText('t').insert(0, 'still here')),
  )
  await until(() => greedy.statuses('a', true) === 1)
})

test('[G2] an error with a long message of many bytes still closes its socket', async () => {
  await using world = await startWorld()
  using client = await WireClient.connect(world)
  const encoder = encoding.createEncoder()
  for (const byte of [0, 2]) encoding.writeUint8(encoder, byte)
  for (const text of ['room', 'event']) encoding.writeVarString(encoder, text)
  encoding.writeVarUint(encoder, 0)
  for (const text of ['name', '漢'.repeat(200)]) encoding.writeVarString(encoder, text)
  client.send(encoding.toUint8Array(encoder))
  await until(() => client.closed)
  expect(client.closed?.code).toBe(4400)
})

test('[P1] nobody writes or removes the presence of another', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const { one, two } = await witnesses(world)
  one.presence.set({ name: 'Ada' })
  await until(() => two.others.get().some(({ presence }) => presence?.name === 'Ada'))
  using hostile = await (await WireClient.connect(world)).join('board/witness')
  const entry = (state: string) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 2)
    for (const [client, text] of [
      [one.doc.clientID, state],
      [77, '{"name":"Eve"}'],
    ] as const) {
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, 1_000_000)
      encoding.writeVarString(encoder, text)
    }
    return encoding.toUint8Array(encoder)
  }
  hostile.awareness('board/witness', entry('{"name":"Mallory"}'))
  hostile.awareness('board/witness', entry('null'))
  await until(() => two.others.get().some(({ presence }) => presence?.name === 'Eve'))
  expect(
    two.others
      .get()
      .map(({ presence }) => presence?.name)
      .sort(),
  ).toEqual(['Ada', 'Eve'])
})

test('[P2] presence set to null reaches the others', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const { one, two } = await witnesses(world)
  one.presence.set({ name: 'Ada' })
  await until(() => two.others.get().some(({ presence }) => presence?.name === 'Ada'))
  one.presence.set(null)
  await until(() => !two.others.get().some(({ presence }) => presence?.name === 'Ada'), 1_000)
})

const throwing = (hook: keyof Extension): Extension => ({
  extensionName: `throws in ${hook}`,
  async [hook]() {
    throw new Error(`thrown in ${hook}`)
  },
})

const harmless = [
  'onConfigure',
  'connected',
  'afterLoadDocument',
  'afterHandleMessage',
  'beforeBroadcastStateless',
  'onStateless',
  'onChange',
  'onStoreDocument',
  'afterStoreDocument',
  'onAwarenessUpdate',
  'onDisconnect',
  'afterUnloadDocument',
  'onDestroy',
  'beforeUnloadDocument',
] as const

test.for(harmless)('[E6] an extension that throws in %s costs that call alone', async (hook) => {
  await using world = await startWorld({ rooms: [boardRoom], extensions: [throwing(hook)], unloadAfterMs: 1 })
  const { alive, one } = await witnesses(world)
  await alive()
  one.presence.set({ name: 'Ada' })
  using client = await (await WireClient.connect(world)).join('board/witness')
  client.frame('board/witness', 5, (encoder) => encoding.writeVarString(encoder, 'stateless'))
  client.webSocket.close()
  await alive()
})

test('[E6] a hook that refuses a change refuses that change', async () => {
  let refuse = false
  const beforeSync = async () => {
    if (refuse) throw new Error('closed for lunch')
  }
  await using world = await startWorld({ extensions: [{ beforeSync }] })
  using client = await (await WireClient.connect(world)).join('room')
  refuse = true
  client.update(
    'room',
    update((document) => document.getText('t').insert(0, 'no')),
  )
  await until(() => client.statuses('room', false) === 1)
  expect(client.refusals()).toMatchObject([{ scope: 'write', error: { code: 'forbidden' } }])
  refuse = false
  client.update(
    'room',
    update((document) => document.getText('t').insert(0, 'yes')),
  )
  await until(() => client.statuses('room', true) === 1)
})

test('[E6] a connection that an extension closes comes back, and one that leaves is told so at once', async () => {
  let close = () => {}
  const connected: Extension['connected'] = async ({ connection }) => {
    close = () => connection.close({ code: 4503, reason: 'unavailable' })
  }
  await using world = await startWorld({ rooms: [boardRoom], extensions: [{ connected }] })
  const room = world.client().join(board, { boardId: 'q3' })
  await room.ready
  const seen = new Set<string>()
  room.subscribe(() => seen.add(room.status.at))
  close()
  await until(() => seen.has('offline') && room.status.at === 'synced')
  room.state.title.insert(0, 'after')
  await until(() => room.status.at === 'synced')

  using client = await (await WireClient.connect(world)).join('board/q3')
  client.frame('board/q3', 7)
  await until(() => client.frames.some(({ type }) => type === 7))
})

test('[E6] extensions of users work: they load, see changes and answer stateless messages', async () => {
  const seen: string[] = []
  const extension: Extension = {
    async onLoadDocument({ document }) {
      document.getText('t').insert(0, 'from the extension')
    },
    async onChange({ context }) {
      seen.push(
        `changed by ${(context as { actor?: { userId: string } }).actor?.userId ? 'somebody' : 'nobody'}`,
      )
    },
    async onStateless({ payload, document }) {
      document.broadcastStateless(`${payload}!`)
    },
  }
  await using world = await startWorld({ extensions: [extension] })
  const document = new Y.Doc()
  const websocketProvider = new HocuspocusProviderWebsocket({ url: world.ws })
  const heard: string[] = []
  const provider = new HocuspocusProvider({
    name: 'room',
    document,
    websocketProvider,
    onStateless: ({ payload }) => heard.push(payload),
  })
  provider.attach()
  await until(() => document.getText('t').toString() === 'from the extension')
  document.getText('t').insert(0, 'x')
  provider.sendStateless('hello')
  await until(() => heard.length === 1 && seen.includes('changed by somebody'))
  expect(heard).toEqual(['hello!'])
  provider.destroy()
  websocketProvider.destroy()
})

test('a port that is taken, and an address that needs auth, are told at once', async () => {
  await using world = await startWorld()
  const second = createServer({ log: memoryLog() })
  await expect(second.listen(world.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await expect(second.listen(0, '0.0.0.0')).rejects.toMatchObject({ code: 'unauthorized' })
  await second.close()
})
