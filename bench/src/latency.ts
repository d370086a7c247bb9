import { ServerUnderTest } from './subject.ts'
import { percentile, printTable } from './table.ts'
import { typing, WireClient } from './wire-client.ts'

/**
 * How long an edit takes to be acknowledged, and to be at another client: one edit under way at a time, the same client
 * for both servers, which take turns. Hocuspocus acknowledges what it has in memory, Interplay what is on the disk.
 */
const editsPerTurn = Number(process.env.EDITS ?? 500)
const turns = 3
const subjects = ['interplay', 'hocuspocus'] as const

const samples = Object.fromEntries(
  subjects.map((kind) => [kind, { ack: [] as number[], other: [] as number[] }]),
)
{
  await using interplay = await ServerUnderTest.start('interplay')
  await using hocuspocus = await ServerUnderTest.start('hocuspocus')
  const servers = { interplay, hocuspocus }
  for (let turn = 0; turn < turns; turn++) {
    for (const kind of subjects) await measure(servers[kind], `room ${turn}`, samples[kind]!)
  }
}
printTable(
  `Latency of one edit, ms (${editsPerTurn * turns} edits)`,
  ['server', 'to ack p50', 'to ack p95', 'to other client p50', 'to other client p95'],
  subjects.map((kind) => {
    const { ack, other } = samples[kind]!
    return [
      kind,
      percentile(ack, 0.5),
      percentile(ack, 0.95),
      percentile(other, 0.5),
      percentile(other, 0.95),
    ]
  }),
)

async function measure(
  server: ServerUnderTest,
  room: string,
  into: { ack: number[]; other: number[] },
): Promise<void> {
  using writer = await WireClient.join(server.ws, room)
  using reader = await WireClient.join(server.ws, room)
  const edits = typing('text')
  const warmUp = 100
  for (let edit = -warmUp; edit < editsPerTurn; edit++) {
    const update = edits.next().value
    const began = performance.now()
    const acknowledged = new Promise<number>((resolve) => {
      writer.onAcknowledged = () => resolve(performance.now() - began)
    })
    const arrived = new Promise<number>((resolve) => {
      reader.onUpdate = () => resolve(performance.now() - began)
    })
    writer.update(update)
    const [ackMs, otherMs] = await Promise.all([acknowledged, arrived])
    if (edit < 0) continue
    into.ack.push(ackMs)
    into.other.push(otherMs)
  }
}
