import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, implement, type Logger, sqliteLog } from '@interplay/server'
import { defineRoom } from '@interplay/shared'
import { z } from 'zod'
import { percentile, printTable } from './table.ts'

/**
 * What 100,000 timers cost that wait in one SQLite log: when the server starts, while it runs, and how late they are. Each
 * server is a process of its own.
 */

const rooms = 10_000
const timersPerRoom = 10
const overdue = 10
const measured = 1_000
const measuredWithinMs = 10_000
/** Time for the server under test to start before the first of them. */
const leadMs = 12_000
/** Time for a server with nothing to do to come to rest. */
const settleMs = 1_000

const timers = defineRoom('timers/:id', { jobs: { ring: z.object({ measured: z.boolean() }) } })

/** What a process is started as: JSON in its first argument. */
interface Role {
  readonly kind: 'fill' | 'add' | 'serve'
  readonly folder: string
  readonly waitsFor?: number
}

interface Started {
  readonly listenMs: number
  readonly rssMb: number
  /** From `listen` to the first that was due before. */
  readonly firstMs: number
  readonly lateMs: readonly number[]
}

if (process.argv[2]) await play(JSON.parse(process.argv[2]))
else await compare()

async function compare(): Promise<void> {
  const empty = await mkdtemp(join(tmpdir(), 'interplay-bench-'))
  const full = await mkdtemp(join(tmpdir(), 'interplay-bench-'))
  try {
    const without = await run<Started>({ kind: 'serve', folder: empty, waitsFor: 0 })
    const fillMs = await run<number>({ kind: 'fill', folder: full })
    await run<number>({ kind: 'add', folder: full })
    const withTimers = await run<Started>({ kind: 'serve', folder: full, waitsFor: measured })
    const count = (rooms * timersPerRoom).toLocaleString('en')
    printTable(
      `${count} timers in ${rooms.toLocaleString('en')} rooms, scheduled in ${(fillMs / 1000).toFixed(1)} s`,
      ['timers in the log', 'ms to listen', 'ms to the first due', 'MB RSS'],
      [
        ['none', without.listenMs, Number.NaN, without.rssMb],
        [count, withTimers.listenMs, withTimers.firstMs, withTimers.rssMb],
      ],
    )
    const late = [...withTimers.lateMs]
    printTable(
      `${measured.toLocaleString('en')} of them due within ${measuredWithinMs / 1000} s, each in a room that has to be opened`,
      ['', 'p50 ms', 'p95 ms', 'p99 ms', 'most ms'],
      [['late by', percentile(late, 0.5), percentile(late, 0.95), percentile(late, 0.99), late.at(-1)!]],
    )
  } finally {
    await rm(empty, { recursive: true })
    await rm(full, { recursive: true })
  }
}

/** Runs a process to its end. Resolves to what it found. */
function run<Found>(role: Role): Promise<Found> {
  const args = [...process.execArgv, import.meta.filename, JSON.stringify(role)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('message', (found) => resolve(found as Found))
    child.once('exit', (code) => reject(new Error(`a process ended with ${code}`)))
  })
}

async function play({ kind, folder, waitsFor = 0 }: Role): Promise<void> {
  const lateMs: number[] = []
  const first = Promise.withResolvers<number>()
  const all = Promise.withResolvers<void>()
  const room = implement(timers).jobs({
    ring: ({ input, plannedAt }) => {
      if (!input.measured) return first.resolve(performance.now())
      lateMs.push(Date.now() - plannedAt)
      if (lateMs.length === waitsFor) all.resolve()
    },
  })
  const logger: Logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
  const startedAt = performance.now()
  const server = createServer({ rooms: [room], log: sqliteLog(folder), logger, unloadAfterMs: 1_000 })
  if (kind === 'fill') await inRooms(rooms, fill)
  else if (kind === 'add') await inRooms(measured, add)
  else {
    await server.listen(0)
    const listenMs = performance.now() - startedAt
    const firstMs = waitsFor === 0 ? Number.NaN : (await first.promise) - startedAt
    if (waitsFor === 0) await new Promise((resolve) => setTimeout(resolve, settleMs))
    const rssMb = process.memoryUsage.rss() / 1e6
    if (waitsFor > 0) await all.promise
    return finish({ listenMs, firstMs, rssMb, lateMs } satisfies Started)
  }
  return finish(performance.now() - startedAt)

  async function finish(found: unknown): Promise<void> {
    await server.close()
    process.send!(found, () => process.exit())
  }

  /** Works through rooms, many at once. */
  async function inRooms(count: number, work: (index: number) => Promise<void>): Promise<void> {
    let next = 0
    const some = async () => {
      while (next < count) await work(next++)
    }
    await Promise.all(Array.from({ length: 200 }, some))
  }

  /** Timers of the next month, and a few that are due already when the server starts. */
  function fill(index: number): Promise<void> {
    const dayMs = 24 * 60 * 60 * 1000
    return server.room(timers, { id: `${index}` }).change(({ schedule, now }) => {
      for (let n = 0; n < timersPerRoom; n++) {
        const isDue = index < overdue && n === 0
        const afterMs = isDue ? 0 : dayMs + (((index * timersPerRoom + n) * 7919 * 1000) % (30 * dayMs))
        schedule('ring', { measured: false }, { at: now + afterMs, key: `${n}` })
      }
    })
  }

  /** Replaces one timer of a room by one whose time comes soon. */
  function add(index: number): Promise<void> {
    const at = Date.now() + leadMs + (index * measuredWithinMs) / measured
    return server.room(timers, { id: `${(index * 7) % rooms}` }).change(({ schedule }) => {
      schedule('ring', { measured: true }, { at, key: '1' })
    })
  }
}
