import { setTimeout as delay } from 'node:timers/promises'
import * as Y from 'yjs'
import { ServerUnderTest } from './subject.ts'
import { printTable } from './table.ts'
import { typing, WireClient } from './wire-client.ts'

/**
 * What storing an edit costs the disk: bytes that the server process had written per one-character edit, snapshots and
 * all, in an empty room and in one that holds a megabyte. The cost is that of the edit, not of the document (S6).
 */
const edits = Number(process.env.EDITS ?? 10_000)
const megabyte = 1_000_000

interface Cost {
  readonly edits: number
  readonly bytes: number
  readonly snapshots: number
  readonly perSecond: number
}

const rows: [string, Cost][] = []
for (const [inFlight, count] of [
  [1, edits],
  // So many that the large room is compacted too.
  [64, edits * 3],
] as const) {
  rows.push([`empty room, ${inFlight} in flight`, await measure(0, inFlight, count)])
  rows.push([`1 MB room, ${inFlight} in flight`, await measure(megabyte, inFlight, count)])
}
printTable(
  'Bytes written to the disk per one-character edit',
  ['', 'edits', 'bytes/edit', 'snapshots', 'edits/s'],
  rows.map(([title, cost]) => [title, cost.edits, cost.bytes, String(cost.snapshots), cost.perSecond]),
)
for (let at = 0; at < rows.length; at += 2) {
  const [[, empty], [title, large]] = [rows[at]!, rows[at + 1]!]
  const ratio = large.bytes / empty.bytes
  console.log(`  ${title}: ${ratio.toFixed(2)} times the empty room${ratio <= 3 ? '' : ' — MORE THAN 3'}`)
  if (ratio > 3) process.exitCode = 1
}

async function measure(roomBytes: number, inFlight: number, count: number): Promise<Cost> {
  await using server = await ServerUnderTest.start('interplay')
  using client = await WireClient.join(server.ws, 'room')
  const acknowledged = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => client.acknowledged >= count && resolve()
      client.onAcknowledged = check
      check()
    })
  if (roomBytes > 0) client.update(content(roomBytes))
  const before = roomBytes > 0 ? 1 : 0
  await acknowledged(before)
  const bytesBefore = await settled(server)
  const snapshotsBefore = await snapshots(server)
  const startedAt = performance.now()
  const typist = typing('typed')
  for (let edit = 1; edit <= count; edit++) {
    client.update(typist.next().value)
    await acknowledged(before + edit - inFlight + 1)
  }
  await acknowledged(before + count)
  const perSecond = count / ((performance.now() - startedAt) / 1000)
  return {
    edits: count,
    bytes: ((await settled(server)) - bytesBefore) / count,
    snapshots: (await snapshots(server)) - snapshotsBefore,
    perSecond,
  }
}

async function snapshots({ http }: ServerUnderTest): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text()
  return Number(/^interplay_compactions_total (\d+)/m.exec(text)?.[1])
}

/** Bytes written once nothing is written any more, so that snapshots under way are counted. */
async function settled(server: ServerUnderTest): Promise<number> {
  for (let bytes = await server.bytesWritten(); ; ) {
    await delay(500)
    const now = await server.bytesWritten()
    if (now === bytes || Number.isNaN(now)) return now
    bytes = now
  }
}

/** A document of this size: paragraphs that do not compress into one struct. */
function content(bytes: number): Uint8Array {
  const document = new Y.Doc()
  const paragraphs = document.getArray<string>('paragraphs')
  const paragraph = 'The quick brown fox jumps over the lazy dog. '.repeat(4)
  document.transact(() => {
    for (let length = 0; length < bytes; length += paragraph.length) paragraphs.insert(0, [paragraph])
  })
  return Y.encodeStateAsUpdate(document)
}
