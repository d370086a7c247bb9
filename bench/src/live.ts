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
  /** What one of them was sent. */
  readonly frames: { count: number; bytes: number }
  /** What the server did, as it says itself. */
  readonly did: () => Promise<{ readonly steps: number; readonly encodes: number }>
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
  const did = async () => {
    const text = await (await fetch(`${server.http}/metrics`)).text()
    const of = (name: string) => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
    return { steps: of('interplay_tick_seconds_count'), encodes: of('interplay_live_messages_total') }
  }
  const close = () => {
    const agents = replica.value as Record<string, { x: number }>
    if (Object.keys(agents).length !== entities) throw new Error('entities are missing')
    for (const client of clients) client[Symbol.dispose]()
  }
  return { server, frames, did, close }
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
  const did = async () => ({ steps: frames.count, encodes: frames.count })
  return { server, frames, did, close }
}

async function measure({ server, frames, did }: Audience): Promise<Turn> {
  const look = async () => ({
    ...(await did()),
    cpuMs: await server.cpuMs(),
    ...frames,
    at: performance.now(),
  })
  const before = await look()
  await new Promise((resolve) => setTimeout(resolve, turnMs))
  const after = await look()
  const steps = after.steps - before.steps
  return {
    perSecond: (steps / (after.at - before.at)) * 1000,
    cpuMs: (after.cpuMs - before.cpuMs) / steps,
    bytes: (after.bytes - before.bytes) / (after.count - before.count),
    encodes: (after.encodes - before.encodes) / steps,
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
