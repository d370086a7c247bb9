import * as Y from 'yjs'
import { ServerUnderTest } from './subject.ts'
import { median, percentile, printTable } from './table.ts'
import { typing, WireClient } from './wire-client.ts'

/**
 * One-character edits of one writer, to everybody in the room. At a steady rate: what a delivered edit costs the server, beside
 * Hocuspocus and a bare relay of the same bytes. At saturation, 64 edits unacknowledged: how many it delivers per CPU second.
 */
const turnMs = Number(process.env.TURN_MS ?? 4_000)
const turns = Number(process.env.TURNS ?? 3)
const perSecond = 100

type Kind = 'interplay' | 'hocuspocus' | 'relay'
const kinds: readonly Kind[] = ['interplay', 'hocuspocus', 'relay']

interface Turn {
  readonly cpuUs: number
  readonly perCpuSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** A room full of readers, who note how far they have come, and one writer. */
class Audience implements AsyncDisposable {
  readonly server: ServerUnderTest
  readonly writer: WireClient
  readonly #readers: WireClient[]
  readonly #edits = typing('title')
  #sent = 0
  /** When each edit was sent, by its number, of those that are watched for their delay. */
  readonly #sentAt: number[] = []
  #delays: number[] = []
  #arrived: (() => void) | null = null
  readonly #reached: number[]

  private constructor(server: ServerUnderTest, writer: WireClient, readers: WireClient[]) {
    this.server = server
    this.writer = writer
    this.#readers = readers
    this.#reached = readers.map(() => 0)
    for (const [index, reader] of readers.entries()) {
      reader.onUpdate = (update) => {
        for (const clock of Y.parseUpdateMeta(update).to.values()) this.#reach(index, clock)
      }
    }
  }

  static async gather(kind: Kind, readers: number): Promise<Audience> {
    const server = await ServerUnderTest.start(kind)
    const room = kind === 'interplay' ? 'bench/fan-out' : 'fan-out'
    const join = () =>
      kind === 'relay' ? WireClient.connect(server.ws, room) : WireClient.join(server.ws, room)
    const all = await Promise.all(Array.from({ length: readers }, join))
    return new Audience(server, await join(), all)
  }

  /** Writes at a steady rate, and waits for the last edit to arrive everywhere. */
  async steady(forMs: number): Promise<Turn> {
    return this.#measure(async () => {
      const startedAt = performance.now()
      for (let edit = 0; edit < (forMs / 1000) * perSecond; edit++) {
        const wait = startedAt + (edit * 1000) / perSecond - performance.now()
        if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait))
        this.#write()
      }
    })
  }

  /** Code that ran seldom is slow: several thousand edits, as fast as they arrive, before anything is measured. */
  async warmUp(): Promise<void> {
    await this.#measure(async () => {
      for (let round = 0; round < 100; round++) {
        const arrived = new Promise<void>((resolve) => {
          this.#arrived = resolve
        })
        for (let edit = 0; edit < 50; edit++) this.#write()
        await arrived
      }
    })
  }

  /** Writes as fast as the server acknowledges, or as the readers follow where nothing is acknowledged. */
  async saturated(forMs: number, inFlight: number): Promise<Turn> {
    return this.#measure(async () => {
      const startedAt = performance.now()
      const acknowledgedBefore = this.writer.acknowledged
      const sentBefore = this.#sent
      while (performance.now() - startedAt < forMs) {
        const acknowledged = this.writer.acknowledged - acknowledgedBefore
        const behind = this.#sent - sentBefore - acknowledged
        for (let count = behind; count < inFlight; count++) this.#write()
        await new Promise<void>((resolve) => {
          this.writer.onAcknowledged = resolve
        })
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.writer[Symbol.dispose]()
    for (const reader of this.#readers) reader[Symbol.dispose]()
    await this.server[Symbol.asyncDispose]()
  }

  #write(): void {
    const { value } = this.#edits.next()
    this.#sent += 1
    this.#sentAt[this.#sent] = performance.now()
    this.writer.update(value)
  }

  #reach(index: number, clock: number): void {
    if (index === 0) {
      const now = performance.now()
      for (let edit = this.#reached[0]! + 1; edit <= clock; edit++)
        this.#delays.push(now - this.#sentAt[edit]!)
    }
    this.#reached[index] = clock
    if (clock === this.#sent && this.#reached.every((reached) => reached === clock)) this.#arrived?.()
  }

  async #measure(write: () => Promise<void>): Promise<Turn> {
    this.#delays = []
    const sentBefore = this.#sent
    const cpuBefore = await this.server.cpuMs()
    await write()
    while (this.#reached.some((reached) => reached < this.#sent))
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    const deliveries = (this.#sent - sentBefore) * this.#readers.length
    const cpuMs = (await this.server.cpuMs()) - cpuBefore
    return {
      cpuUs: (cpuMs / deliveries) * 1000,
      perCpuSecond: (deliveries / cpuMs) * 1000,
      p50Ms: percentile(this.#delays, 0.5),
      p99Ms: percentile(this.#delays, 0.99),
    }
  }
}

for (const readers of [50, 200]) {
  const rows: [string, number, number, number][] = []
  const audiences = await Promise.all(kinds.map((kind) => Audience.gather(kind, readers)))
  const done = audiences.map((): Turn[] => [])
  for (const audience of audiences) {
    await audience.warmUp()
    await audience.steady(turnMs / 2)
  }
  for (let turn = 0; turn < turns; turn++)
    for (const [index, audience] of audiences.entries()) done[index]!.push(await audience.steady(turnMs))
  for (const [index, kind] of kinds.entries()) {
    const of = (pick: (turn: Turn) => number) => median(done[index]!.map(pick))
    rows.push([kind, of(({ cpuUs }) => cpuUs), of(({ p50Ms }) => p50Ms), of(({ p99Ms }) => p99Ms)])
  }
  for (const audience of audiences) await audience[Symbol.asyncDispose]()
  printTable(
    `${perSecond} edits a second to ${readers} readers`,
    ['', 'server µs CPU per delivery', 'p50 ms', 'p99 ms'],
    rows,
  )
  const [ours, , bare] = rows
  console.log(`  ${(ours![1] / bare![1]).toFixed(2)} times the CPU of a bare relay`)
}

{
  const saturated: readonly Kind[] = ['interplay', 'hocuspocus']
  const audiences = await Promise.all(saturated.map((kind) => Audience.gather(kind, 20)))
  const done = audiences.map((): Turn[] => [])
  for (const audience of audiences) {
    await audience.warmUp()
    await audience.saturated(turnMs / 2, 64)
  }
  for (let turn = 0; turn < turns; turn++)
    for (const [index, audience] of audiences.entries())
      done[index]!.push(await audience.saturated(turnMs / 2, 64))
  const rows = saturated.map((kind, index): [string, number, number, number] => {
    const of = (pick: (turn: Turn) => number) => median(done[index]!.map(pick))
    return [kind, of(({ perCpuSecond }) => perCpuSecond), of(({ p50Ms }) => p50Ms), of(({ p99Ms }) => p99Ms)]
  })
  for (const audience of audiences) await audience[Symbol.asyncDispose]()
  printTable(
    '64 edits unacknowledged, 20 readers',
    ['', 'deliveries per CPU second', 'p50 ms', 'p99 ms'],
    rows,
  )
  console.log(`  ${(rows[0]![1] / rows[1]![1]).toFixed(2)} times as many as Hocuspocus`)
}
