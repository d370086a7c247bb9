import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { type TestOptions, test } from 'vitest'
import type { UpdateLog } from './log.ts'
import type { LogBed } from './log-bed.contract.ts'
import { sqliteLog } from './sqlite.ts'
import { pageBytes } from './sqlite-database.ts'

export interface SqliteBed extends Required<LogBed> {
  /** Works on the tables behind the log's back. The log is closed. */
  tamper<T>(change: (database: DatabaseSync) => T): Promise<T>
  readonly folder: Promise<string>
}

/** A data folder of its own, its thread and its tables within reach. */
export function sqliteBed(): SqliteBed {
  const folder = mkdtemp(join(tmpdir(), 'interplay-log-'))
  const logs: UpdateLog[] = []
  let worker: Worker | undefined
  const remember = (started: Worker) => {
    worker = started
  }
  process.on('worker', remember)

  const tamper: SqliteBed['tamper'] = async (change) => {
    const database = new DatabaseSync(join(await folder, 'log.sqlite'))
    try {
      return change(database)
    } finally {
      database.close()
    }
  }

  return {
    folder,
    tamper,
    async open() {
      const log = sqliteLog(await folder)
      logs.push(log)
      await log.rooms('', 1)
      return log
    },
    async crash() {
      await worker!.terminate()
    },
    async sever() {
      const ended = new Promise((resolve) => worker!.once('exit', resolve))
      worker!.postMessage('not a request')
      await ended
    },
    damage(room, part, at) {
      return tamper((database) => {
        const { table, where } = {
          entry: { table: 'entries', where: 'key = (?1 << 36) + ?2' },
          snapshot: { table: 'snapshots', where: 'room = ?1 AND position = ?2' },
          reply: { table: 'replies', where: 'room = ?1 AND event_id = ?2' },
          task: { table: 'tasks', where: 'room = ?1 AND id = ?2' },
          reaction: { table: 'reactions', where: 'room = ?1 AND name = ?2' },
          journal: { table: 'entries', where: 'key = (?1 << 36) + ?2' },
        }[part]
        const id = roomId(database, room)
        const key = typeof at === 'string' ? Buffer.from(at) : at
        if (part === 'reaction') {
          database.prepare(`UPDATE ${table} SET position = position + 4 WHERE ${where}`).run(id, key)
          return
        }
        const column = part === 'journal' ? 'journal' : 'payload'
        const row = database.prepare(`SELECT ${column} AS payload FROM ${table} WHERE ${where}`).get(id, key)
        const payload = row!.payload as Uint8Array
        payload[0]! ^= 4
        database.prepare(`UPDATE ${table} SET ${column} = ?3 WHERE ${where}`).run(id, key, payload)
      })
    },
    async remove() {
      await Promise.all(logs.map((log) => log.close()))
      process.off('worker', remember)
      await rm(await folder, { recursive: true })
    },
  }
}

export function roomId(database: DatabaseSync, room: string): number {
  return database.prepare('SELECT id FROM rooms WHERE name = ?').get(Buffer.from(room))!.id as number
}

/** A test with a data folder of its own. */
export function withBed(
  title: string,
  body: (bed: SqliteBed, log: UpdateLog) => Promise<void>,
  options: TestOptions = {},
): void {
  test(title, options, async () => {
    const bed = sqliteBed()
    try {
      await body(bed, await bed.open())
    } finally {
      await bed.remove()
    }
  })
}

/** The number of the page that holds an entry: leaves are counted off, in order, until they hold it. */
export function pageOf(database: DatabaseSync, room: string, position: number): number {
  const rank = database
    .prepare('SELECT count(*) AS rank FROM entries WHERE key <= (? << 36) + ?')
    .get(roomId(database, room), position)!.rank as number
  const leaves = database.prepare(`
    SELECT pageno, ncell FROM dbstat WHERE name = 'entries' AND pagetype = 'leaf' ORDER BY path`)
  let counted = 0
  for (const { pageno, ncell } of leaves.iterate()) {
    counted += ncell as number
    if (counted >= rank) return pageno as number
  }
  throw new Error('no such entry')
}

export async function breakPage(bed: SqliteBed, find: (database: DatabaseSync) => number): Promise<void> {
  const page = await bed.tamper(find)
  const file = await open(join(await bed.folder, 'log.sqlite'), 'r+')
  await file.write(Buffer.alloc(pageBytes), 0, pageBytes, (page - 1) * pageBytes)
  await file.close()
}

/** The numbers of the leaves of a table or an index, in its order. */
export function leavesOf(database: DatabaseSync, name: string): number[] {
  return database
    .prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path")
    .all(name)
    .map(({ pageno }) => pageno as number)
}
