import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Aedes } from 'aedes'
import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt'
import { temporaryFolder } from './world.ts'

/** A broker behind a line that can be cut. */
export interface Broker extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly protocolVersion: 4 | 5
  publish(topic: string, payload: unknown, options?: IClientPublishOptions): Promise<void>
  /** Ends every connection at once, without a word; new ones are taken. */
  cut(): void
}

interface BrokerKind {
  readonly name: string
  /** Whether it is installed. */
  readonly here: boolean
  /** @default a free port */
  start(port?: number): Promise<Broker>
}

const mosquitto =
  ['mosquitto', '/usr/sbin/mosquitto'].find((path) => spawnSync(path, ['-h']).error === undefined) ?? ''

/** An MQTT 3.1.1 broker inside the test, and one that speaks MQTT 5 where it is installed. */
export const brokerKinds: readonly BrokerKind[] = [
  { name: 'aedes', here: true, start: startAedes },
  { name: 'mosquitto', here: mosquitto !== '', start: startMosquitto },
]

async function startAedes(linePort = 0): Promise<Broker> {
  await using stack = new AsyncDisposableStack()
  const aedes = await Aedes.createBroker({ queueLimit: 10_000 })
  stack.defer(() => new Promise<void>((resolve) => aedes.close(resolve)))
  const server = stack.use(await listen((socket) => aedes.handle(socket)))
  return behindLine(server.port, linePort, 4, stack.move())
}

async function startMosquitto(linePort = 0): Promise<Broker> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const port = await freePort()
  const config = join(folder.path, 'mosquitto.conf')
  await writeFile(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`)
  const child = spawn(mosquitto, ['-c', config], { stdio: 'ignore' })
  stack.defer(() => ended(child))
  await answers(port)
  return behindLine(port, linePort, 5, stack.move())
}

async function behindLine(
  port: number,
  linePort: number,
  version: 4 | 5,
  broker: AsyncDisposableStack,
): Promise<Broker> {
  await using stack = new AsyncDisposableStack()
  stack.use(broker)
  const sockets = new Set<Socket>()
  const line = await listen((socket) => {
    const onward = connectTcp(port, '127.0.0.1')
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }, linePort)
  stack.use(line)
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  stack.defer(cut)
  const publisher: MqttClient = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: version })
  stack.defer(() => publisher.endAsync(true))
  const cleanUp = stack.move()
  return {
    url: `mqtt://127.0.0.1:${line.port}`,
    port: line.port,
    protocolVersion: version,
    async publish(topic, payload, options) {
      const bytes = typeof payload === 'string' ? payload : JSON.stringify(payload)
      await publisher.publishAsync(topic, bytes, { qos: 1, ...options })
    },
    cut,
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  }
}

async function listen(
  take: (socket: Socket) => void,
  at = 0,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server: Server = createServer(take).listen(at, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}

async function freePort(): Promise<number> {
  await using server = await listen(() => {})
  return server.port
}

/** Resolves once something listens there. */
async function answers(port: number): Promise<void> {
  const tried = () =>
    new Promise<boolean>((resolve) => {
      const socket = connectTcp(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
  while (!(await tried())) await new Promise((resolve) => setTimeout(resolve, 10))
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('close', resolve))
  child.kill()
  await gone
}
