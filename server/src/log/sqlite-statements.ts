import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import type { RowPart, StoredRow, Tail } from './stored-room.ts'

export interface ReplyRow {
  readonly at: number
  readonly checksum: number
  readonly payload: Uint8Array
}

/** Where a stored reply is, in the order of their table. */
export interface ReplyKey {
  readonly room: number
  readonly eventId: Uint8Array
}

export type Statements = ReturnType<typeof statements>

/** The key of room ?1's entry at position 0; see the schema in `sqlite-database.ts`. */
const start = '(?1 << 36)'
const end = '((?1 + 1) << 36)'
const entry = `key - ${start} AS position, checksum, payload FROM entries WHERE key > ${start}`
const anyRoom = Number.MAX_SAFE_INTEGER

/** Every statement of the log, prepared once. The first parameter is the room's id where there is a room. */
export function statements(database: DatabaseSync) {
  const one = <Row>(sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]) => statement.get(...values) as Row | undefined
  }
  const all = <Row>(sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]) => statement.all(...values) as Row[]
  }
  const run = (sql: string) => {
    const statement = database.prepare(sql)
    return (...values: SQLInputValue[]) => statement.run(...values)
  }
  return {
    room: one<{ id: number }>('SELECT id FROM rooms WHERE name = ?'),
    addRoom: run('INSERT INTO rooms (name) VALUES (?)'),
    roomsAfter: all<{ name: Uint8Array }>('SELECT name FROM rooms WHERE name > ? ORDER BY name LIMIT ?'),
    position: one<{ position: number }>(`
      SELECT max(
        coalesce((SELECT key - ${start} FROM entries WHERE key > ${start} AND key < ${end} ORDER BY key DESC LIMIT 1), 0),
        coalesce((SELECT position FROM snapshots WHERE room = ?1), 0)
      ) AS position`),

    addEntry: run(`INSERT INTO entries (key, checksum, payload) VALUES (${start} + ?2, ?3, ?4)`),
    entries: all<StoredRow>(`SELECT ${entry} AND key < ${end} ORDER BY key`),
    entriesUpTo: all<StoredRow>(`SELECT ${entry} AND key <= ${start} + ?2 ORDER BY key`),
    dropEntriesUpTo: run(`DELETE FROM entries WHERE key > ${start} AND key <= ${start} + ?2`),

    snapshot: one<StoredRow>('SELECT position, checksum, payload FROM snapshots WHERE room = ?'),
    snapshotHead: one<StoredRow>('SELECT position, checksum, NULL AS payload FROM snapshots WHERE room = ?'),
    putSnapshot: run('REPLACE INTO snapshots (room, position, checksum, payload) VALUES (?, ?, ?, ?)'),

    reply: one<ReplyRow>('SELECT at, checksum, payload FROM replies WHERE room = ? AND event_id = ?'),
    hasReply: one('SELECT 1 FROM replies WHERE room = ? AND event_id = ?'),
    addReply: run('INSERT INTO replies (room, event_id, at, checksum, payload) VALUES (?, ?, ?, ?, ?)'),
    eventIdsAfter: all<{ eventId: Uint8Array }>(
      'SELECT event_id AS eventId FROM replies WHERE room = ? AND event_id > ? ORDER BY event_id LIMIT ?',
    ),
    replyAfter: one<ReplyKey>(`
      SELECT room, event_id AS eventId FROM replies WHERE (room, event_id) > (?, ?)
      ORDER BY room, event_id LIMIT 1 OFFSET ?`),
    dropReplies: run(`
      DELETE FROM replies
      WHERE (room, event_id) > (?, ?) AND (room, event_id) <= (coalesce(?, ${anyRoom}), coalesce(?, x'')) AND at < ?`),

    setAside: all<{ part: RowPart; position: number }>(
      'SELECT part, position FROM damaged WHERE room = ? ORDER BY position',
    ),
    setEntryAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload)
      SELECT ?1, 'entry', ?2, checksum, payload FROM entries WHERE key = ${start} + ?2`),
    setSnapshotAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload)
      SELECT room, 'snapshot', position, checksum, payload FROM snapshots WHERE room = ?`),
  }
}

/**
 * Reads the tail of a room where a page is broken: what lies before it forwards, what lies behind it backwards. The
 * statements are made for the purpose, because one that failed in the middle fails once more when it is used again.
 */
export function readAroundFault(database: DatabaseSync, room: number): Tail {
  const tail = `SELECT ${entry} + ?2 AND key < ${end} ORDER BY key`
  const before = readWhilePossible(() => database.prepare(tail).iterate(room, 0))
  const last = before.rows.at(-1)?.position ?? 0
  const behind = readWhilePossible(() => database.prepare(`${tail} DESC`).iterate(room, last))
  return { rows: [...before.rows, ...behind.rows.toReversed()], fault: before.fault }
}

function readWhilePossible(open: () => Iterable<unknown>): Tail {
  const rows: StoredRow[] = []
  try {
    for (const row of open()) rows.push(row as StoredRow)
    return { rows }
  } catch (error) {
    return { rows, fault: (error as Error).message }
  }
}
