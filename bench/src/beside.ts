import { ColyseusClient } from './colyseus.ts'
import { SocketIoClient } from './socket-io.ts'
import { ServerUnderTest } from './subject.ts'
import { median, percentile, printTable } from './table.ts'
import { WireClient } from './wire-client.ts'

/**
 * A message and its answer, beside others: what an event of Interplay costs that does nothing, stored or not, and the same
 * through Socket.IO `emitWithAck`, Colyseus messages and a Hocuspocus stateless echo. All take turns in one run. The load
 * generators are equally thin, but for Colyseus, whose own SDK is used.
 */
const turnMs = Number(process.env.TURN_MS ?? 2_000)
const turns = Number(process.env.TURNS ?? 3)

interface Rival {
  readonly title: string
  readonly server: ServerUnderTest
  readonly ping: (n: number) => Promise<void>
}

interface Turn {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
}

await using stack = new AsyncDisposableStack()
const start = async (kind: Parameters<typeof ServerUnderTest.start>[0]) =>
  stack.use(await ServerUnderTest.start(kind))

const interplay = await start('interplay')
const socketIo = await start('socket.io')
const colyseus = await start('colyseus')
const hocuspocus = await start('hocuspocus')
const wire = stack.use(await WireClient.join(interplay.ws, 'bench/echo', true))
const io = stack.use(await SocketIoClient.join(socketIo.ws))
const echo = stack.use(await ColyseusClient.join(colyseus.ws))
const stateless = stack.use(await WireClient.join(hocuspocus.ws, 'echo'))

const rivals: readonly Rival[] = [
  { title: 'Interplay, not stored', server: interplay, ping: (n) => wire.dispatch('ping', { n }) },
  { title: 'Interplay, durable', server: interplay, ping: (n) => wire.dispatch('ping.stored', { n }) },
  { title: 'Socket.IO emitWithAck', server: socketIo, ping: (n) => io.ping({ n }) },
  { title: 'Colyseus message', server: colyseus, ping: (n) => echo.ping({ n }) },
  { title: 'Hocuspocus stateless', server: hocuspocus, ping: (n) => stateless.stateless(`{"n":${n}}`) },
]

for (const inFlight of [1, 400]) {
  const measured = new Map(rivals.map((rival): [Rival, Turn[]] => [rival, []]))
  for (const rival of rivals) await measure(rival, inFlight, turnMs / 2)
  for (let turn = 0; turn < turns; turn++)
    for (const [rival, done] of measured) done.push(await measure(rival, inFlight, turnMs))
  const rows = [...measured].map(([{ title }, done]): [string, number, number, number, number] => {
    const of = (pick: (turn: Turn) => number) => median(done.map(pick))
    const cpuUs = of((turn) => turn.cpuUs)
    return [title, of((turn) => turn.perSecond), of((turn) => turn.p50Ms), cpuUs, 1e6 / cpuUs]
  })
  printTable(
    `${inFlight} in flight, one client`,
    ['', 'events/s', 'p50 ms', 'server µs CPU', 'per CPU second'],
    rows,
  )
  const cpu = (title: string) => rows.find((row) => row[0].startsWith(title))![3]
  const ratio = cpu('Interplay, not stored') / cpu('Socket.IO')
  console.log(`  an event that is not stored: ${ratio.toFixed(2)} times the CPU of Socket.IO's`)
}

async function measure({ server, ping }: Rival, inFlight: number, forMs: number): Promise<Turn> {
  const waits: number[] = []
  const cpuBefore = await server.cpuMs()
  const startedAt = performance.now()
  const work = async () => {
    for (let n = 0; performance.now() - startedAt < forMs; n++) {
      const began = performance.now()
      await ping(n)
      waits.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const seconds = (performance.now() - startedAt) / 1000
  const cpuUs = (((await server.cpuMs()) - cpuBefore) / waits.length) * 1000
  return { perSecond: waits.length / seconds, p50Ms: percentile(waits, 0.5), cpuUs }
}
