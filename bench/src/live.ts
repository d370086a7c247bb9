import { Replica } from '@interplay/shared/live'
import { changedBytes, entities, stepMs } from './flock.ts'
import { ServerUnderTest } from './subject.ts'
import { median, printTable } from './table.ts'
import { WireClient } from './wire-client.ts'

/**
 * A simulation of 1,000 entities that all move, 20 steps a second, watched by 50 clients: what a step costs the server and the
 * wire, beside the same simulation that broadcasts everything as JSON through a bare WebSocket server. The two take turns.
 */
const turnMs = Number(process.env.TURN_MS ?? 5_000)
const turns = Number(process.env.TURNS ?? 3)
const watchers = 50

interface Turn {
  readonly perSecond: number
  readonly cpuMs: number
  /** That one client gets at a step. */
  readonly bytes: number
  /** Messages made at a step, for all clients together. */
  readonly encodes: number
}

/** Whoever watches one server. */
interface Audience {
  readonly server: ServerUnderTest
  readonly frames: { count: number; bytes: number }
  readonly encodes: () => Promise<number>
  close(): void
}

async function watchLive(): Promise<Audience> {
  const server = await ServerUnderTest.start('interplay')
  const frames = { count: 0, bytes: 0 }
  const clients: WireClient[] = []
  const replica = new Replica()
  for (let index = 0; index < watchers; index++) {
    const client = await WireClient.join(server.ws, 'flock/a', true)
    client.onLive = (message, bytes) => {
      if (index > 0) return
      if (replica.take(message) !== 'taken') throw new Error('a message was lost')
      frames.count += 1
      frames.bytes += bytes
    }
    client.subscribe('agents')
    clients.push(client)
  }
  const encodes = async () => {
    const text = await (await fetch(`${server.http}/metrics`)).text()
    return Number(/^interplay_live_messages_total (\d+)/m.exec(text)?.[1])
  }
  const close = () => {
    const agents = replica.value as Record<string, { x: number }>
    if (Object.keys(agents).length !== entities) throw new Error('entities are missing')
    for (const client of clients) client[Symbol.dispose]()
  }
  return { server, frames, encodes, close }
}

async function watchBroadcast(): Promise<Audience> {
  const server = await ServerUnderTest.start('broadcast')
  const frames = { count: 0, bytes: 0 }
  const sockets = Array.from({ length: watchers }, () => new WebSocket(server.ws))
  for (const socket of sockets) socket.binaryType = 'arraybuffer'
  sockets[0]!.onmessage = ({ data }) => {
    frames.count += 1
    frames.bytes += (data as ArrayBuffer).byteLength
  }
  await Promise.all(sockets.map((socket) => new Promise((open) => socket.addEventListener('open', open))))
  const close = () => {
    for (const socket of sockets) socket.close()
  }
  return { server, frames, encodes: async () => frames.count, close }
}

async function measure({ server, frames, encodes }: Audience): Promise<Turn> {
  const before = { ...frames, cpuMs: await server.cpuMs(), encodes: await encodes() }
  const startedAt = performance.now()
  await new Promise((resolve) => setTimeout(resolve, turnMs))
  const steps = frames.count - before.count
  const seconds = (performance.now() - startedAt) / 1000
  return {
    perSecond: steps / seconds,
    cpuMs: ((await server.cpuMs()) - before.cpuMs) / steps,
    bytes: (frames.bytes - before.bytes) / steps,
    encodes: ((await encodes()) - before.encodes) / steps,
  }
}

const rivals: [string, Audience][] = [
  ['Interplay', await watchLive()],
  ['JSON broadcast', await watchBroadcast()],
]
const measured = new Map(rivals.map(([title]): [string, Turn[]] => [title, []]))
for (const [, audience] of rivals) await measure(audience)
for (let turn = 0; turn < turns; turn++)
  for (const [title, audience] of rivals) measured.get(title)!.push(await measure(audience))
const rows = [...measured].map(([title, done]): [string, number, number, number, number, number] => {
  const of = (pick: (turn: Turn) => number) => median(done.map(pick))
  const bytes = of((turn) => turn.bytes)
  return [
    title,
    of((turn) => turn.perSecond),
    bytes,
    bytes / changedBytes,
    of((turn) => turn.encodes),
    of((turn) => turn.cpuMs),
  ]
})
printTable(
  `${entities} entities that move, ${1000 / stepMs} steps a second, ${watchers} watchers`,
  ['', 'steps/s', 'bytes per step', 'times the numbers', 'encodes per step', 'server ms CPU per step'],
  rows,
)
for (const [, audience] of rivals) {
  audience.close()
  await audience.server[Symbol.asyncDispose]()
}
