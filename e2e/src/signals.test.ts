import { HocuspocusProvider } from '@hocuspocus/provider'
import { implement, memoryLog, type SignalTarget } from '@interplay/server'
import { defineRoom, event, list } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { heldLog } from './held-log.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, type World } from './world.ts'

const Bell = z.object({ from: z.string(), volume: z.number().max(11).default(5) })
const hall = defineRoom('hall/:hallId', {
  state: { rings: list(z.string(), { writers: 'handlers' }) },
  signals: { bell: Bell, silence: z.undefined() },
  events: {
    ring: event(
      z.object({ users: z.array(z.string()).optional(), sessions: z.array(z.string()).optional() }),
    ),
    many: event(z.object({ count: z.number() }), z.number()),
    quiet: event(),
    misfire: event(z.object({ how: z.string() })),
    whoami: event(undefined, z.object({ userId: z.string(), sessionId: z.string() })),
  },
})

const hallRoom = implement(hall)
  .admit(({ token }) => ({ userId: String(token.sub) }))
  .on({
    ring: ({ actor, input, signal }) => {
      const target: SignalTarget | undefined = input.users || input.sessions ? input : undefined
      signal('bell', { from: actor.userId }, target)
    },
    many: ({ input, state, signal }) => {
      for (let index = 0; index < input.count; index++) {
        const bell = { from: `ring ${index}`, volume: index }
        signal('bell', bell)
        bell.from = 'changed after it was sent'
        state.rings.push(`ring ${index}`)
      }
      signal('silence', undefined)
      return state.rings.length
    },
    quiet: ({ signal }) => signal('silence', undefined),
    misfire: ({ input, state, signal, fail }) => {
      state.rings.push('half done')
      signal('bell', { from: 'half done' })
      if (input.how === 'fails') fail('conflict', 'Not now')
      if (input.how === 'throws') throw new Error('a bug')
      if (input.how === 'too loud') signal('bell', { from: 'x', volume: 12 })
      if (input.how === 'unknown') signal('toString' as 'bell', { from: 'x' })
      if (input.how === 'no JSON') return 1n as never
    },
    whoami: ({ actor, sessionId }) => ({ userId: actor.userId, sessionId: sessionId! }),
  })

/** Anybody is who they say. */
const start = (log = memoryLog()) =>
  startWorld({ rooms: [hallRoom], log, auth: (token) => ({ sub: token || 'nobody' }) })

async function enter(world: World, user: string, hallId = 'one') {
  const room = world.client({ token: user }).join(hall, { hallId })
  const heard: unknown[] = []
  room.onSignal('bell', ({ from, volume }) => heard.push(`${from} ${volume}`))
  room.onSignal('silence', (payload) => heard.push(payload))
  await room.ready
  return { room, heard }
}

const wireIn = async (world: World, user: string, key = 'hall/one') =>
  (await WireClient.connect(world)).join(key, user)

/** What came for a room since, in one word each. */
function words({ received }: WireClient, key = 'hall/one', from = 0): string[] {
  return received.slice(from).flatMap((frame) => {
    if ('kind' in frame)
      return 'room' in frame && frame.room === key ? (frame.kind === 'signal' ? frame.name : frame.kind) : []
    return frame.key === key && frame.type === 0 ? (frame.sync === 2 ? 'update' : 'sync') : []
  })
}

test('a signal reaches every session of the room, its sender too, as its schema makes it', async () => {
  await using world = await start()
  const [ada, again, bob] = [await enter(world, 'ada'), await enter(world, 'ada'), await enter(world, 'bob')]
  await ada.room.dispatch('ring', {})
  await ada.room.dispatch('quiet')
  for (const { heard } of [ada, again, bob]) await until(() => heard.length === 2)
  for (const { heard } of [ada, again, bob]) expect(heard).toEqual(['ada 5', undefined])
})

test('a signal to users reaches all their sessions, one to sessions those, and nobody else', async () => {
  await using world = await start()
  const ada = await enter(world, 'ada')
  const again = await enter(world, 'ada')
  const bob = await enter(world, 'bob')
  const eve = await enter(world, 'eve')
  const all = [ada, again, bob, eve]
  const { sessionId } = await again.room.dispatch('whoami')
  const cases: [SignalTarget, boolean[]][] = [
    [{ users: ['ada'] }, [true, true, false, false]],
    [{ sessions: [sessionId] }, [false, true, false, false]],
    [{ users: ['bob', 'nobody'], sessions: [sessionId, 'none'] }, [false, true, true, false]],
    [{ users: [] }, [false, false, false, false]],
    [{ users: ['ada', 'ada', 'bob'], sessions: [sessionId] }, [true, true, true, false]],
  ]
  for (const [target, hears] of cases) {
    await eve.room.dispatch('ring', target as { users?: string[]; sessions?: string[] })
    // Everybody hears this, after what came before.
    await eve.room.dispatch('quiet')
    for (const { heard } of all) await until(() => heard.at(-1) === undefined && heard.length > 0)
    expect(all.map(({ heard }) => heard.splice(0).length > 1)).toEqual(hears)
  }
})

test('[E4] on the wire the change comes first, then its signals, then the reply', async () => {
  await using world = await start()
  using ada = await wireIn(world, 'ada')
  using bob = await wireIn(world, 'bob')
  const [fromAda, fromBob] = [ada.received.length, bob.received.length]
  ada.dispatch('hall/one', 'e1', 'many', { count: 3 })
  await ada.answered('e1')
  const seen = ['update', 'bell', 'bell', 'bell', 'silence']
  expect(words(ada, 'hall/one', fromAda)).toEqual([...seen, 'reply'])
  await until(() => words(bob, 'hall/one', fromBob).length === 5)
  expect(words(bob, 'hall/one', fromBob)).toEqual(seen)
  expect(bob.runtime.filter(({ kind }) => kind === 'signal')).toEqual([
    ...[0, 1, 2].map((volume) => ({
      kind: 'signal',
      room: 'hall/one',
      name: 'bell',
      payload: { from: `ring ${volume}`, volume },
    })),
    { kind: 'signal', room: 'hall/one', name: 'silence', payload: undefined },
  ])
})

test('[E4] of many events at once each reply comes behind its change and its signals', async () => {
  await using world = await start()
  using ada = await wireIn(world, 'ada')
  const from = ada.received.length
  const ids = Array.from({ length: 100 }, (_, index) => `e${index}`)
  for (const id of ids) ada.dispatch('hall/one', id, 'many', { count: 1 })
  await ada.answered('e99')
  const order = words(ada, 'hall/one', from)
  const replies = ada.runtime.filter((frame) => frame.kind === 'reply')
  expect(replies.map(({ eventId }) => eventId)).toEqual(ids)
  let signals = 0
  let updates = 0
  for (const [index, word] of order.entries()) {
    if (word === 'update') updates += 1
    if (word === 'bell') signals += 1
    if (word === 'reply') expect([order[index - 1], order[index - 2]]).toEqual(['silence', 'bell'])
  }
  expect(order[0]).toBe('update')
  expect(updates).toBeLessThanOrEqual(100)
  expect(signals).toBe(100)
})

test('[E4] nothing of an event is sent to anybody before it is durable', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  using ada = await wireIn(world, 'ada')
  using bob = await wireIn(world, 'bob')
  held.hold()
  const [fromAda, fromBob] = [ada.received.length, bob.received.length]
  ada.dispatch('hall/one', 'e1', 'many', { count: 1 })
  await until(() => held.waiting > 0)
  for (const client of [ada, bob]) await client.settled()
  expect([words(ada, 'hall/one', fromAda), words(bob, 'hall/one', fromBob)]).toEqual([[], []])
  held.release()
  await ada.answered('e1')
  await until(() => words(bob, 'hall/one', fromBob).length === 3)
})

test.each(['fails', 'throws', 'too loud', 'unknown', 'no JSON'])(
  '[E3] a handler that %s sends no signal',
  async (how) => {
    await using world = await start()
    const { room, heard } = await enter(world, 'ada')
    const other = await enter(world, 'bob')
    await expect(room.dispatch('misfire', { how })).rejects.toMatchObject({
      code: {
        fails: 'conflict',
        throws: 'internal',
        'too loud': 'invalid-input',
        unknown: 'not-found',
        'no JSON': 'internal',
      }[how],
    })
    await room.dispatch('quiet')
    await until(() => heard.length > 0 && other.heard.length > 0)
    expect([heard, other.heard]).toEqual([[undefined], [undefined]])
    expect(room.state.rings.length).toBe(0)
  },
)

test('who is not in the room hears nothing: other rooms, sockets that joined none, and who has left', async () => {
  await using world = await start()
  const ada = await enter(world, 'ada')
  const elsewhere = await enter(world, 'bob', 'two')
  const left = await enter(world, 'eve')
  using outsider = await WireClient.connect(world)
  using denied = await WireClient.connect(world)
  denied.frame('hall/one', 3)
  left.room.leave()
  // A server that knows she has left no longer counts her.
  while ((await metric(world, 'interplay_sessions')) !== 2)
    await new Promise((resolve) => setTimeout(resolve, 5))
  await ada.room.dispatch('many', { count: 2 })
  await elsewhere.room.dispatch('quiet')
  for (const client of [outsider, denied]) await client.settled()
  expect(elsewhere.heard).toEqual([undefined])
  expect(left.heard).toEqual([])
  for (const client of [outsider, denied])
    expect(client.runtime.filter(({ kind }) => kind === 'signal')).toEqual([])
})

test('two rooms on one socket hear their own signals, and so do two sessions of one room', async () => {
  await using world = await start()
  using wire = await wireIn(world, 'ada')
  await wire.join('hall/two', 'ada')
  await wire.join('hall/one\0second', 'ada')
  wire.dispatch('hall/one\0second', 'who', 'whoami')
  const outcome = await wire.answered('who')
  const { sessionId } = (outcome as { output: { sessionId: string } }).output
  const signalled = () => wire.runtime.flatMap((frame) => (frame.kind === 'signal' ? frame.room : []))
  wire.dispatch('hall/one', 'a', 'quiet')
  await wire.answered('a')
  expect(signalled().sort()).toEqual(['hall/one', 'hall/one\0second'])
  wire.dispatch('hall/two', 'b', 'quiet')
  await wire.answered('b')
  expect(signalled().slice(2)).toEqual(['hall/two'])
  wire.dispatch('hall/two', 'c', 'ring', { sessions: [sessionId] })
  wire.dispatch('hall/one', 'd', 'ring', { sessions: [sessionId] })
  await wire.answered('c')
  await wire.answered('d')
  expect(signalled().slice(3)).toEqual(['hall/one\0second'])
})

test('a stock client in the room is sent no frame that it does not know', async () => {
  await using world = await start()
  const provider = new HocuspocusProvider({ url: world.ws, name: 'hall/one', token: 'stock' })
  using silent = await WireClient.connect(world, { hello: false })
  await silent.join('hall/one', 'silent')
  const ada = await enter(world, 'ada')
  await ada.room.dispatch('many', { count: 3 })
  await until(() => provider.document.getArray('rings').length === 3)
  await silent.settled()
  expect(silent.runtime).toEqual([])
  provider.destroy()
})

test('the server signals from outside of any event, once its step is durable', async () => {
  await using world = await start()
  const ada = await enter(world, 'ada')
  const bob = await enter(world, 'bob')
  const one = world.server.room(hall, { hallId: 'one' })
  await one.change(({ signal, state }) => {
    state.rings.push('server')
    signal('bell', { from: 'server', volume: 1 }, { users: ['bob'] })
  })
  await expect(
    one.change(({ signal }) => {
      signal('bell', { from: 'nobody' })
      throw new Error('a bug')
    }),
  ).rejects.toMatchObject({ code: 'internal' })
  await one.change(({ signal }) => signal('silence', undefined))
  for (const { heard } of [ada, bob]) await until(() => heard.at(-1) === undefined && heard.length > 0)
  expect([ada.heard, bob.heard]).toEqual([[undefined], ['server 1', undefined]])
  expect(ada.room.state.rings.toJSON()).toEqual(['server'])
})

async function metric(world: World, name: string): Promise<number> {
  const text = await (await fetch(`${world.http}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
}
