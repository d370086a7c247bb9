import type { DatabaseSync } from 'node:sqlite'
import type { CorruptRow, TaskCounts } from './log.ts'
import { roomChecksum, taskChecksum } from './row-checksum.ts'
import type { TaskRow } from './sqlite-answers.ts'
import type { PackedTaskChange } from './sqlite-entry.ts'
import { isBrokenPage, prepared, type Readable, readAroundFault } from './sqlite-prepared.ts'
import type { StoredRoomKey } from './stored-room.ts'

/** Tasks of a room that a load looks at. Of a room that owes more, the others are looked at when they are asked for. */
const maxChecked = 250

interface TaskKey {
  readonly room: number
  readonly id: Uint8Array
  readonly due: number | null
}

/** A row as it was read; without a payload, one that cannot be. */
interface ReadTask extends TaskKey {
  readonly name: Uint8Array
  readonly checksum: number
  readonly payload: Uint8Array | null
}

const nothing = new Uint8Array()
const row = `
  SELECT rooms.name, tasks.room, tasks.id, due, checksum, payload FROM tasks JOIN rooms ON rooms.id = tasks.room`
const due = 'due <= ? AND (due, tasks.room, tasks.id) > (?, ?, ?)'

/**
 * What all rooms owe. A damaged row is moved to `damaged` by whoever meets it; where that is impossible, it is passed
 * over: it holds up no other.
 */
export class TaskTable {
  readonly #database: DatabaseSync
  readonly #sql: ReturnType<typeof statements>
  readonly #transaction: (write: () => void) => void

  constructor(database: DatabaseSync, transaction: (write: () => void) => void) {
    this.#database = database
    this.#sql = statements(database)
    this.#transaction = transaction
  }

  /** Part of a transaction. */
  change(room: StoredRoomKey, changes: readonly PackedTaskChange[]): void {
    for (const { id, due, content } of changes)
      if (content) this.#sql.put(room.id, id, due, taskChecksum(room, id, due, content), content)
      else this.#sql.drop(room.id, id)
  }

  /** The tasks of all rooms behind this one that are due until this time, the earliest first. */
  due(until: number, limit: number, after: TaskKey): TaskRow[] {
    return this.#intact(limit, after, (after, count) => this.#readDue(until, after, count))
  }

  count(): TaskCounts {
    return this.#sql.count()!
  }

  /** The tasks of a room behind this id. */
  of(room: StoredRoomKey, after: Uint8Array, limit: number): TaskRow[] {
    const start = { room: room.id, id: after, due: null }
    return this.#intact(limit, start, ({ id }, count) => this.#readRoom(room.id, id, count).rows)
  }

  /** The damage among the tasks of a room, as far as a load may look. */
  check(room: StoredRoomKey, name: string): CorruptRow[] {
    const { rows, fault } = this.#readRoom(room.id, nothing, maxChecked)
    const corrupt: CorruptRow[] = []
    const report = (reason: string, id?: string) =>
      corrupt.push({ room: name, part: 'task', position: 0, ...(id !== undefined && { id }), reason })
    for (const row of rows) if (!passes(row)) report('wrong checksum', Buffer.from(row.id).toString())
    if (fault !== undefined) report(fault)
    return corrupt
  }

  /** Reads page after page until it has so many rows that pass; those that do not are set aside. */
  #intact(
    limit: number,
    start: TaskKey,
    read: (after: TaskKey, count: number) => readonly ReadTask[],
  ): TaskRow[] {
    const found: TaskRow[] = []
    const damaged: TaskKey[] = []
    for (let after = start; found.length < limit; ) {
      const count = limit - found.length
      const page = read(after, count)
      for (const row of page) {
        const { name, id, due, payload } = row
        if (passes(row)) found.push({ room: name, id, due, payload: payload! })
        // What cannot be read cannot be moved; it is passed over each time.
        else if (payload) damaged.push(row)
      }
      if (page.length < count) break
      after = page.at(-1)!
    }
    for (const key of damaged) this.#setAside(key)
    return found
  }

  #readDue(until: number, after: TaskKey, count: number): readonly ReadTask[] {
    try {
      return this.#sql.due(until, after.due, after.room, after.id, count)
    } catch (error) {
      if (!isBrokenPage(error)) throw error
      return this.#dueKeys(until, after, count).map((key) => this.#readOne(key))
    }
  }

  /** In the order of the index; where that is broken itself, all tasks are looked at. */
  #dueKeys(until: number, after: TaskKey, count: number): readonly TaskKey[] {
    const keys = (due: string) => `
      SELECT room, id, due FROM tasks WHERE ${due} <= ? AND (${due}, room, id) > (?, ?, ?)
      ORDER BY ${due}, room, id LIMIT ?`
    const read = (sql: string) =>
      this.#database.prepare(sql).all(until, after.due, after.room, after.id, count) as unknown as TaskKey[]
    try {
      return read(keys('due'))
    } catch (error) {
      if (!isBrokenPage(error)) throw error
      // SQLite sees no use for the index in this one.
      return read(keys('iif(due IS NULL, NULL, due)'))
    }
  }

  #readOne(key: TaskKey): ReadTask {
    try {
      const found = this.#database
        .prepare(`${row} WHERE tasks.room = ? AND tasks.id = ?`)
        .get(key.room, key.id)
      if (found) return found as unknown as ReadTask
    } catch (error) {
      if (!isBrokenPage(error)) throw error
    }
    return { ...key, name: nothing, checksum: 0, payload: null }
  }

  #readRoom(room: number, after: Uint8Array, count: number): Readable<ReadTask> {
    try {
      return { rows: this.#sql.ofRoom(room, after, count) }
    } catch (error) {
      if (!isBrokenPage(error)) throw error
      const rows = `${row} WHERE tasks.room = ? AND tasks.id > ? ORDER BY tasks.id`
      const around = readAroundFault<ReadTask>(
        () => this.#database.prepare(`${rows} LIMIT ?`).iterate(room, after, count),
        (last) => this.#database.prepare(`${rows} DESC`).iterate(room, last?.id ?? after),
      )
      return { ...around, rows: around.rows.slice(0, count) }
    }
  }

  #setAside({ room, id }: TaskKey): void {
    try {
      this.#transaction(() => {
        this.#sql.setAside(room, id)
        this.#sql.drop(room, id)
      })
    } catch {
      // It stays where it is, passed over by every reader and reported by every load.
    }
  }
}

function statements(database: DatabaseSync) {
  const { all, one, run } = prepared(database)
  return {
    put: run('REPLACE INTO tasks (room, id, due, checksum, payload) VALUES (?, ?, ?, ?, ?)'),
    drop: run('DELETE FROM tasks WHERE room = ? AND id = ?'),
    due: all<ReadTask>(`${row} WHERE ${due} ORDER BY due, tasks.room, tasks.id LIMIT ?`),
    count: one<TaskCounts>(`
      SELECT (SELECT count(*) FROM tasks WHERE due IS NOT NULL) AS timed,
        (SELECT count(*) FROM tasks WHERE due IS NULL) AS untimed`),
    ofRoom: all<ReadTask>(`${row} WHERE tasks.room = ? AND tasks.id > ? ORDER BY tasks.id LIMIT ?`),
    setAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload, id, at)
      SELECT room, 'task', 0, checksum, payload, id, due FROM tasks WHERE room = ? AND id = ?`),
  }
}

function passes({ name, id, due, checksum, payload }: ReadTask): boolean {
  return payload !== null && checksum === taskChecksum({ checksum: roomChecksum(name) }, id, due, payload)
}
