import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogEntry, memoryLog, sqliteLog, type UpdateLog } from '@interplay/server'
import * as Y from 'yjs'

/**
 * What the update log costs: `node --conditions=interplay-source bench/src/log.ts`. Entries are one-character edits.
 * Bytes are those that reached the block layer (`/proc/self/io`), the database's own and the file system's pages.
 */

const edits = typedEdits(1000)

interface Load {
  readonly title: string
  readonly rooms: number
  /** Rooms that append at the same time; each one waits for its append before it makes the next. */
  readonly inFlight: number
  readonly entriesPerAppend: number
  readonly appends: number
  readonly withReplies?: boolean
  readonly withJournal?: boolean
}

const loads: Load[] = [
  { title: '1 room, 1 in flight', rooms: 1, inFlight: 1, entriesPerAppend: 1, appends: 3000 },
  {
    title: '1 room, 1 in flight, with reply',
    rooms: 1,
    inFlight: 1,
    entriesPerAppend: 1,
    appends: 3000,
    withReplies: true,
  },
  { title: '1 room, 1 in flight, 20 entries', rooms: 1, inFlight: 1, entriesPerAppend: 20, appends: 3000 },
  { title: '1 room, 1 in flight, 200 entries', rooms: 1, inFlight: 1, entriesPerAppend: 200, appends: 1000 },
  { title: '200 rooms, 200 in flight', rooms: 200, inFlight: 200, entriesPerAppend: 1, appends: 100_000 },
  {
    title: '200 rooms, 200 in flight, with reply',
    rooms: 200,
    inFlight: 200,
    entriesPerAppend: 1,
    appends: 50_000,
    withReplies: true,
  },
  {
    title: '200 rooms, 200 in flight, with reply and journal',
    rooms: 200,
    inFlight: 200,
    entriesPerAppend: 1,
    appends: 50_000,
    withReplies: true,
    withJournal: true,
  },
  { title: '2000 rooms, 200 in flight', rooms: 2000, inFlight: 200, entriesPerAppend: 1, appends: 100_000 },
  { title: '500 rooms, 3 in flight', rooms: 500, inFlight: 3, entriesPerAppend: 1, appends: 6000 },
]

console.log(
  'load'.padEnd(50),
  'appends/s'.padStart(10),
  'µs main'.padStart(8),
  'µs CPU'.padStart(8),
  'p50 ms'.padStart(8),
  'p99 ms'.padStart(8),
  'B/entry'.padStart(9),
)
for (const load of loads) await report(load.title, (log) => run(log, load))
await report(
  'memory: 200 rooms, 200 in flight',
  (log) => run(log, loads[4]!),
  async () => memoryLog(),
)
await openings()

async function report(
  title: string,
  body: (log: UpdateLog) => Promise<Measured>,
  open = openSqlite,
): Promise<void> {
  const log = await open()
  const { perSecond, mainCpu, cpu, p50, p99, bytesPerEntry } = await body(log)
  await log.close()
  console.log(
    title.padEnd(50),
    Math.round(perSecond).toLocaleString('en').padStart(10),
    mainCpu.toFixed(1).padStart(8),
    cpu.toFixed(1).padStart(8),
    p50.toFixed(2).padStart(8),
    p99.toFixed(2).padStart(8),
    Math.round(bytesPerEntry).toLocaleString('en').padStart(9),
  )
}

interface Measured {
  readonly perSecond: number
  /** Microseconds of CPU per append: of this thread, and of the whole process. */
  readonly mainCpu: number
  readonly cpu: number
  readonly p50: number
  readonly p99: number
  readonly bytesPerEntry: number
}

async function run(log: UpdateLog, load: Load): Promise<Measured> {
  for (let room = 0; room < load.rooms; room++) await log.append(`board/${room}`, edits.slice(0, 1))
  const waits: number[] = []
  let left = load.appends
  const bytesBefore = await bytesWritten()
  const cpuBefore = process.cpuUsage()
  const mainBefore = process.threadCpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: load.inFlight }, (_, index) => work(index)))
  const seconds = (performance.now() - start) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  const main = process.threadCpuUsage(mainBefore)
  const bytes = (await bytesWritten()) - bytesBefore
  waits.sort((one, two) => one - two)
  return {
    perSecond: load.appends / seconds,
    mainCpu: (main.user + main.system) / load.appends,
    cpu: (cpu.user + cpu.system) / load.appends,
    p50: waits[Math.floor(waits.length * 0.5)]!,
    p99: waits[Math.floor(waits.length * 0.99)]!,
    bytesPerEntry: bytes / (load.appends * load.entriesPerAppend),
  }

  /** Appends to every `inFlight`-th room in turn. */
  async function work(index: number): Promise<void> {
    for (let room = index; left-- > 0; room = (room + load.inFlight) % load.rooms || index % load.rooms) {
      const from = left % (edits.length - load.entriesPerAppend)
      let entries: LogEntry[] = edits.slice(from, from + load.entriesPerAppend)
      if (load.withReplies) entries = entries.map((entry) => ({ ...entry, reply: newReply() }))
      if (load.withJournal) entries = entries.map((entry) => ({ ...entry, journal: newRecord() }))
      const began = performance.now()
      await log.append(`board/${room % load.rooms}`, entries)
      waits.push(performance.now() - began)
    }
  }
}

/** How long rooms take to load and to compact. */
async function openings(): Promise<void> {
  console.log()
  for (const [title, snapshotBytes, tail] of [
    ['10 kB, 100 entries behind it', 10_000, 100],
    ['1 MB, 10,000 entries behind it', 1_000_000, 10_000],
    ['20 MB, no entries behind it', 20_000_000, 0],
  ] as const) {
    const log = await openSqlite()
    await log.append('r', edits.slice(0, 1))
    const compactMs = await timed(() => log.compact('r', 1, new Uint8Array(snapshotBytes).fill(7)))
    for (let from = 0; from < tail; from += 100) await log.append('r', edits.slice(0, 100))
    const loadMs = await timed(() => log.load('r'))
    await log.close()
    console.log(
      `${title.padEnd(40)} compacted in ${compactMs.toFixed(1)} ms, loaded in ${loadMs.toFixed(1)} ms`,
    )
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

async function openSqlite(): Promise<UpdateLog> {
  const folder = await mkdtemp(join(tmpdir(), 'interplay-bench-'))
  const log = sqliteLog(folder)
  const close = log.close.bind(log)
  log.close = async () => {
    await close()
    await rm(folder, { recursive: true })
  }
  return log
}

function typedEdits(count: number): LogEntry[] {
  const doc = new Y.Doc()
  const entries: LogEntry[] = []
  doc.on('update', (update) => entries.push({ update }))
  for (let index = 0; index < count; index++) doc.getText('text').insert(index, 'a')
  return entries
}

function newReply() {
  const eventId = crypto.randomUUID()
  return { eventId, at: Date.now(), outcome: { ok: true as const, output: { noteId: eventId } } }
}

function newRecord() {
  const content = JSON.stringify({ userId: 'user-17', input: { text: 'Ship it on Friday, please' } })
  return { at: Date.now(), event: 'note.add', outcome: 'ok', content }
}

async function bytesWritten(): Promise<number> {
  return Number(
    /^write_bytes: (\d+)/m.exec(await readFile('/proc/self/io', 'utf8').catch(() => ''))?.[1] ?? Number.NaN,
  )
}
