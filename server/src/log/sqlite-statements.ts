import type { DatabaseSync } from 'node:sqlite'
import type { StoredRow, Tail } from './stored-room.ts'

export type Statements = ReturnType<typeof statements>

/** The key of room ?1's entry at position 0; see the schema in `sqlite-database.ts`. */
const start = '(?1 << 36)'
const end = '((?1 + 1) << 36)'
const entry = `key - ${start} AS position, checksum, payload FROM entries WHERE key > ${start}`

/** Every statement of the log, prepared once. The first parameter is the room's id where there is a room. */
export function statements(database: DatabaseSync) {
  const prepare = (sql: string) => database.prepare(sql)
  return {
    room: prepare('SELECT id FROM rooms WHERE name = ?'),
    addRoom: prepare('INSERT INTO rooms (name) VALUES (?)'),
    roomsAfter: prepare('SELECT name FROM rooms WHERE name > ? ORDER BY name LIMIT ?'),
    position: prepare(`
      SELECT max(
        coalesce((SELECT key - ${start} FROM entries WHERE key > ${start} AND key < ${end} ORDER BY key DESC LIMIT 1), 0),
        coalesce((SELECT position FROM snapshots WHERE room = ?1), 0)
      ) AS position`),

    addEntry: prepare(`INSERT INTO entries (key, checksum, payload) VALUES (${start} + ?2, ?3, ?4)`),
    entries: prepare(`SELECT ${entry} AND key < ${end} ORDER BY key`),
    entriesUpTo: prepare(`SELECT ${entry} AND key <= ${start} + ?2 ORDER BY key`),
    dropEntries: prepare(`DELETE FROM entries WHERE key > ${start} AND key <= ${start} + ?2`),

    snapshot: prepare('SELECT position, checksum, payload FROM snapshots WHERE room = ?'),
    snapshotPosition: prepare('SELECT position, checksum, NULL AS payload FROM snapshots WHERE room = ?'),
    putSnapshot: prepare('REPLACE INTO snapshots (room, position, checksum, payload) VALUES (?, ?, ?, ?)'),

    reply: prepare('SELECT at, checksum, payload FROM replies WHERE room = ? AND event_id = ?'),
    hasReply: prepare('SELECT 1 FROM replies WHERE room = ? AND event_id = ?'),
    addReply: prepare('INSERT INTO replies (room, event_id, at, checksum, payload) VALUES (?, ?, ?, ?, ?)'),
    dropReplies: prepare(`
      DELETE FROM replies
      WHERE (room, event_id) IN (SELECT room, event_id FROM replies WHERE at < ? LIMIT ?)`),

    damaged: prepare('SELECT part, position FROM damaged WHERE room = ? ORDER BY position'),
    setEntryAside: prepare(`
      INSERT INTO damaged (room, part, position, checksum, payload)
      SELECT ?1, 'entry', ?2, checksum, payload FROM entries WHERE key = ${start} + ?2`),
    setSnapshotAside: prepare(`
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
