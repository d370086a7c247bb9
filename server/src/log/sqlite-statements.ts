import type { DatabaseSync } from 'node:sqlite'
import type { CorruptRow } from './log.ts'
import { prepared, readAroundFault } from './sqlite-prepared.ts'
import type { StoredRoomKey, StoredRow, Tail } from './stored-room.ts'

export interface ReplyRow {
  readonly at: number
  readonly checksum: number
  readonly payload: Uint8Array
}

interface SetAsideRow {
  readonly part: CorruptRow['part']
  readonly position: number
  readonly id: Uint8Array | null
  /** Whether nothing could be saved of it. */
  readonly isBroken: number
}

/** Where a stored reply is, in the order of their table. */
export interface ReplyKey {
  readonly room: number
  readonly eventId: Uint8Array
}

export type Statements = ReturnType<typeof statements>

/** The key of room ?1's entry at position 0; see the schema in `sqlite-database.ts`. */
export const startOfRoom = '(?1 << 36)'
export const endOfRoom = '((?1 + 1) << 36)'
const entry = `key - ${startOfRoom} AS position, checksum, payload, author AS remark FROM entries WHERE key > ${startOfRoom}`
const anyRoom = Number.MAX_SAFE_INTEGER

/** Every statement of the log, prepared once. The first parameter is the room's id where there is a room. */
export function statements(database: DatabaseSync) {
  const { one, all, run } = prepared(database)
  return {
    room: one<{ id: number }>('SELECT id FROM rooms WHERE name = ?'),
    addRoom: run('INSERT INTO rooms (name) VALUES (?)'),
    roomsAfter: all<{ name: Uint8Array }>('SELECT name FROM rooms WHERE name > ? ORDER BY name LIMIT ?'),
    position: one<{ position: number }>(`
      SELECT max(
        coalesce((SELECT key - ${startOfRoom} FROM entries WHERE key > ${startOfRoom} AND key < ${endOfRoom} ORDER BY key DESC LIMIT 1), 0),
        coalesce((SELECT position FROM snapshots WHERE room = ?1), 0)
      ) AS position`),

    addEntry: run(`INSERT INTO entries (key, checksum, payload) VALUES (${startOfRoom} + ?2, ?3, ?4)`),
    addAuthoredEntry: run(`
      INSERT INTO entries (key, checksum, payload, author) VALUES (${startOfRoom} + ?2, ?3, ?4, ?5)`),
    addJournaledEntry: run(`
      INSERT INTO entries (key, checksum, payload, author, journal_checksum, journal)
      VALUES (${startOfRoom} + ?2, ?3, ?4, ?5, ?6, ?7)`),
    entries: all<StoredRow>(`SELECT ${entry} AND key < ${endOfRoom} ORDER BY key`),
    entriesUpTo: all<StoredRow>(`SELECT ${entry} AND key <= ${startOfRoom} + ?2 ORDER BY key`),
    dropEntriesUpTo: run(`DELETE FROM entries WHERE key > ${startOfRoom} AND key <= ${startOfRoom} + ?2`),

    snapshot: one<StoredRow>(
      'SELECT position, checksum, payload, note AS remark FROM snapshots WHERE room = ?',
    ),
    snapshotHead: one<StoredRow>(
      'SELECT position, checksum, NULL AS payload, NULL AS remark FROM snapshots WHERE room = ?',
    ),
    putSnapshot: run(
      'REPLACE INTO snapshots (room, position, checksum, payload, note) VALUES (?, ?, ?, ?, ?)',
    ),

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

    setAside: all<SetAsideRow>(`
      SELECT part, position, id, part = 'journal' AND payload IS NULL AS isBroken FROM damaged WHERE room = ?
      ORDER BY position`),
    setEntryAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload, remark)
      SELECT ?1, 'entry', ?2, checksum, payload, author FROM entries WHERE key = ${startOfRoom} + ?2`),
    setSnapshotAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload, remark)
      SELECT room, 'snapshot', position, checksum, payload, note FROM snapshots WHERE room = ?`),
  }
}

/** What was found damaged earlier, and is not where it was. */
export function setAside(sql: Statements, room: StoredRoomKey, name: string): CorruptRow[] {
  return sql.setAside(room.id).map(({ part, position, id, isBroken }) => {
    const finder = part === 'entry' || part === 'snapshot' ? 'compaction' : 'look-up'
    return {
      room: name,
      part,
      position,
      ...(id && { id: Buffer.from(id).toString() }),
      reason: isBroken ? 'its page is broken' : `wrong checksum, set aside by a ${finder}`,
    }
  })
}

/** Reads the tail of a room where a page is broken. */
export function readBrokenTail(database: DatabaseSync, room: number): Tail {
  const tail = `SELECT ${entry} + ?2 AND key < ${endOfRoom} ORDER BY key`
  return readAroundFault<StoredRow>(
    () => database.prepare(tail).iterate(room, 0),
    (last) => database.prepare(`${tail} DESC`).iterate(room, last?.position ?? 0),
  )
}
