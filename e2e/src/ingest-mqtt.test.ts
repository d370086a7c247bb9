import { memoryLog, type UpdateLog } from '@interplay/server'
import { type MqttTopic, mqttIngest } from '@interplay/server/mqtt'
import { roomName } from '@interplay/shared'
import { describe, expect, test } from 'vitest'
import { board, boardRoom } from './board.ts'
import { type Broker, brokerKinds } from './brokers.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const q3 = roomName(board, { boardId: 'q3' })

/** `board/<id>/<client>` with a number as its payload is the event `number`. */
const numbers: Record<string, MqttTopic> = {
  'boards/+board/+client': ({ params, payload }) => ({
    room: roomName(board, { boardId: params.board! }),
    event: 'number',
    input: { number: payload, client: params.client },
  }),
}

function ingest(broker: Broker, topics = numbers) {
  const { url, protocolVersion } = broker
  return mqttIngest({ url, topics, client: { protocolVersion } })
}

async function metric(world: World, line: string): Promise<number> {
  const text = await (await fetch(`${world.http}/metrics`)).text()
  const found = text.split('\n').find((each) => each.startsWith(`${line} `))
  return Number(found?.slice(line.length + 1) ?? 0)
}

const outcome = (name: string) => `interplay_ingested_total{source="mqtt",outcome="${name}"}`

async function reached(world: World, line: string, count: number): Promise<void> {
  const deadline = Date.now() + 20_000
  for (let seen = await metric(world, line); seen !== count; seen = await metric(world, line)) {
    if (Date.now() > deadline) throw new Error(`${line} is ${seen}, not ${count}`)
  }
}

const connected = (world: World) => reached(world, 'interplay_mqtt_connected', 1)

async function applied(world: World): Promise<string[]> {
  const state = await (await fetch(`${world.http}/api/rooms/${encodeURIComponent(q3)}`)).json()
  return (state as { applied: string[] }).applied
}

/** A log whose appends wait while it is held. */
function heldLog(log: UpdateLog) {
  let hold = Promise.withResolvers<void>()
  let waiting = 0
  const held = new Proxy(log, {
    get(target, key) {
      const member = Reflect.get(target, key)
      if (typeof member !== 'function') return member
      if (key !== 'append') return member.bind(target)
      return async (...args: unknown[]) => {
        waiting += 1
        await hold.promise
        waiting -= 1
        return member.apply(target, args)
      }
    },
  })
  return {
    log: held,
    release: () => hold.resolve(),
    hold: () => {
      hold = Promise.withResolvers()
    },
    get waiting() {
      return waiting
    },
  }
}

for (const kind of brokerKinds) {
  describe.skipIf(!kind.here)(kind.name, () => {
    test('[E2] messages are events, those of a room in their order', async () => {
      await using broker = await kind.start()
      await using world = await startWorld({ rooms: [boardRoom], mqtt: ingest(broker) })
      await connected(world)
      const count = 600
      for (let number = 0; number < count; number++) void broker.publish('boards/q3/a', number)
      await reached(world, outcome('ok'), count)
      expect(await applied(world)).toEqual(Array.from({ length: count }, (_, number) => `a:${number}`))
    })

    test('[E1] what comes while the server is away is delivered after', async () => {
      await using broker = await kind.start()
      await using folder = await temporaryFolder()
      const start = () => startWorld({ rooms: [boardRoom], folder: folder.path, mqtt: ingest(broker) })
      {
        await using world = await start()
        await connected(world)
        await broker.publish('boards/q3/a', 0)
        await reached(world, outcome('ok'), 1)
      }
      for (let number = 1; number <= 50; number++) await broker.publish('boards/q3/a', number)
      await using world = await start()
      await reached(world, outcome('ok'), 50)
      expect(await applied(world)).toEqual(Array.from({ length: 51 }, (_, number) => `a:${number}`))
    })

    test('[E1] nothing is acknowledged before it is durable, and what comes again meanwhile is not run again', async () => {
      await using broker = await kind.start()
      const held = heldLog(memoryLog())
      {
        await using world = await startWorld({ rooms: [boardRoom], log: held.log, mqtt: ingest(broker) })
        await connected(world)
        await broker.publish('boards/q3/a', 1)
        await broker.publish('boards/q3/a', 2)
        await until(() => held.waiting > 0)
        broker.cut()
        await reached(world, 'interplay_mqtt_connected', 0)
        await connected(world)
        await broker.publish('boards/q3/a', 3)
        held.release()
        await reached(world, outcome('ok'), 3)
        expect(await applied(world)).toEqual(['a:1', 'a:2', 'a:3'])
      }
      // All three were acknowledged: a server without a memory of them gets none.
      await using world = await startWorld({ rooms: [boardRoom], mqtt: ingest(broker) })
      await connected(world)
      await broker.publish('boards/q3/a', 4)
      await reached(world, outcome('ok'), 1)
      expect(await applied(world)).toEqual(['a:4'])
    })

    test('[E1] a server that dies before it has an event on the disk gets the message again', async () => {
      await using broker = await kind.start()
      await using folder = await temporaryFolder()
      {
        const held = heldLog(memoryLog())
        await using world = await startWorld({
          rooms: [boardRoom],
          log: held.log,
          mqtt: ingest(broker),
          closeDeadlineMs: 50,
        })
        await connected(world)
        await broker.publish('boards/q3/a', 1)
        await until(() => held.waiting > 0)
      }
      await using world = await startWorld({ rooms: [boardRoom], folder: folder.path, mqtt: ingest(broker) })
      await reached(world, outcome('ok'), 1)
      expect(await applied(world)).toEqual(['a:1'])
    })

    test('[E6] a message that can be no event is logged with its fault, counted, and does not block', async () => {
      await using broker = await kind.start()
      const warnings: { topic?: string; error?: { code: string; issues?: unknown } }[] = []
      const logger = {
        debug() {},
        info() {},
        warn: (entry: object) => void warnings.push(entry),
        error: (entry: object) => void warnings.push(entry),
      }
      const topics: Record<string, MqttTopic> = {
        ...numbers,
        'ignored/#': () => null,
        throws: () => {
          throw new Error('a bug')
        },
        nowhere: () => ({ room: 'nowhere', event: 'number' }),
        refuse: () => ({ room: q3, event: 'refuse' }),
        'long/id': () => ({ room: q3, event: 'refuse', id: 'x'.repeat(200) }),
      }
      await using world = await startWorld({
        rooms: [boardRoom],
        logger: logger as never,
        maxFrameBytes: 1_000,
        mqtt: ingest(broker, topics),
      })
      await connected(world)
      await broker.publish('boards/q3/a', '{ not json')
      await broker.publish('boards/q3/a', '"text"')
      await broker.publish('boards/q3/a', `"${'x'.repeat(2_000)}"`)
      for (const topic of ['ignored/this', 'throws', 'nowhere', 'refuse', 'long/id'])
        await broker.publish(topic, '')
      await broker.publish('boards/q3/a', 1)
      await reached(world, outcome('ok'), 1)
      expect(await applied(world)).toEqual(['a:1'])
      const codes = [
        'malformed',
        'invalid-input',
        'too-large',
        'ignored',
        'internal',
        'unknown-room',
        'conflict',
      ]
      const counts = await Promise.all(codes.map((code) => metric(world, outcome(code))))
      expect(Object.fromEntries(codes.map((code, index) => [code, counts[index]]))).toEqual({
        malformed: 2,
        'invalid-input': 1,
        'too-large': 1,
        ignored: 1,
        internal: 1,
        'unknown-room': 1,
        conflict: 1,
      })
      const invalid = warnings.find(({ error }) => error?.code === 'invalid-input')
      expect(invalid).toMatchObject({ topic: 'boards/q3/a', error: { issues: [{ path: ['number'] }] } })
    })

    test('[G3] a full inbox is waited for: nothing is lost, nothing changes its place', async () => {
      await using broker = await kind.start()
      await using world = await startWorld({ rooms: [boardRoom], maxInboxEvents: 2, mqtt: ingest(broker) })
      await connected(world)
      for (let number = 0; number < 40; number++) void broker.publish('boards/q3/a', number)
      await reached(world, outcome('ok'), 40)
      expect(await applied(world)).toEqual(Array.from({ length: 40 }, (_, number) => `a:${number}`))
    })

    test.skipIf(kind.name === 'aedes')('[E1] a message with an event id runs once, sent twice', async () => {
      await using broker = await kind.start()
      await using world = await startWorld({ rooms: [boardRoom], mqtt: ingest(broker) })
      await connected(world)
      const twice = { properties: { userProperties: { 'event-id': 'reading-7' } } }
      await broker.publish('boards/q3/a', 7, twice)
      await broker.publish('boards/q3/a', 7, twice)
      await broker.publish('boards/q3/a', 8)
      await reached(world, outcome('ok'), 3)
      expect(await applied(world)).toEqual(['a:7', 'a:8'])
    })
  })
}

test('a server starts without its broker, and finds it when it comes', async () => {
  const [aedes] = brokerKinds
  const { url, port } = await withDisposal(await aedes!.start())
  await using world = await startWorld({
    rooms: [boardRoom],
    mqtt: mqttIngest({ url, topics: numbers, client: { protocolVersion: 4 } }),
  })
  expect((await fetch(`${world.http}/readyz`)).status).toBe(200)
  await using broker = await aedes!.start(port)
  await connected(world)
  await broker.publish('boards/q3/a', 1)
  await reached(world, outcome('ok'), 1)
})

test('a broker that refuses is asked again, and the server works meanwhile', async () => {
  await using broker = await brokerKinds[0]!.start()
  const warnings: unknown[] = []
  const logger = { debug() {}, info() {}, warn: (...said: unknown[]) => void warnings.push(said), error() {} }
  await using world = await startWorld({
    rooms: [boardRoom],
    logger: logger as never,
    // This one does not speak it.
    mqtt: mqttIngest({ url: broker.url, topics: numbers, client: { protocolVersion: 5 } }),
  })
  await until(() => warnings.length >= 2)
  expect(warnings[0]).toEqual([
    { error: expect.stringMatching(/protocol version/) },
    'the MQTT broker cannot be reached',
  ])
  expect(await applied(world)).toEqual([])
})

async function withDisposal(broker: Broker): Promise<Broker> {
  await broker[Symbol.asyncDispose]()
  return broker
}

test('options that cannot work are refused when the server is made', () => {
  expect(() => mqttIngest({ url: 'http://broker', topics: numbers })).toThrow(TypeError)
  expect(() => mqttIngest({ url: 'mqtt://broker', topics: {} })).toThrow(TypeError)
  expect(() => mqttIngest({ url: 'mqtt://broker', topics: { 'a/+b+c': () => null } })).toThrow(TypeError)
})
