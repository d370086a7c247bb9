import type { DatabaseSync } from 'node:sqlite'
import type { JournalMatch } from './log.ts'
import { journalChecksum } from './row-checksum.ts'
import type { PackedJournalRow } from './sqlite-answers.ts'
import type { PackedJournalRecord } from './sqlite-entry.ts'
import { prepared } from './sqlite-prepared.ts'
import { endOfRoom, startOfRoom } from './sqlite-statements.ts'
import type { StoredRoomKey } from './stored-room.ts'

/** Records that a search looks at in one step, whatever it finds. */
const searchStep = 2000

interface ReadRecord extends PackedJournalRow {
  readonly checksum: number
}

/** A look-up in the journal, and how far it is. */
export interface JournalSearch {
  readonly limit: number
  readonly event: Uint8Array | null
  readonly outcome: Uint8Array | null
  /** The position looked at last. */
  after: number
  readonly found: PackedJournalRow[]
}

export function newSearch(after: number, limit: number, { event, outcome }: JournalMatch): JournalSearch {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  return { limit, event: bytes(event), outcome: bytes(outcome), after, found: [] }
}

/** What is remembered of the events of all rooms. */
export class JournalTable {
  readonly #sql: ReturnType<typeof statements>
  readonly #transaction: (write: () => void) => void

  constructor(database: DatabaseSync, transaction: (write: () => void) => void) {
    this.#sql = statements(database)
    this.#transaction = transaction
  }

  /** Part of a transaction. */
  add(room: StoredRoomKey, position: number, { at, event, outcome, content }: PackedJournalRecord): void {
    const checksum = journalChecksum(room, position, at, event, outcome, content)
    this.#sql.add(room.id, position, at, event, outcome, checksum, content)
  }

  /** Takes a search one step on. Returns whether it is at its end. Damaged records are set aside. */
  step(room: StoredRoomKey, search: JournalSearch): boolean {
    const { limit, event, outcome, after, found } = search
    const end = this.#sql.positionAfter(room.id, after, searchStep - 1)?.position ?? null
    const count = Math.min(limit - found.length, searchStep)
    const rows = this.#sql.match(room.id, after, end, event, outcome, count)
    for (const row of rows) {
      if (passes(room, row)) found.push(row)
      else this.#setAside(room.id, row.position)
    }
    if (rows.length < count && end !== null) search.after = end
    else if (rows.length === count && found.length < limit) search.after = rows.at(-1)!.position
    else return true
    return false
  }

  /** Drops records older than `before` among the `limit` records behind the key `start`. No `end`: it was the last step. */
  prune(before: number, start: number, limit: number): { dropped: number; end?: number } {
    const end = this.#sql.keyAfter(start, limit - 1)?.key
    return { dropped: Number(this.#sql.drop(start, end ?? null, before).changes), end }
  }

  #setAside(room: number, position: number): void {
    try {
      this.#transaction(() => {
        this.#sql.setAside(room, position)
        this.#sql.dropOne(room, position)
      })
    } catch {
      // It stays where it is, and is passed over.
    }
  }
}

function statements(database: DatabaseSync) {
  const { one, all, run } = prepared(database)
  return {
    add: run(`
      INSERT INTO journal (key, at, event, outcome, checksum, payload)
      VALUES (${startOfRoom} + ?2, ?3, ?4, ?5, ?6, ?7)`),
    positionAfter: one<{ position: number }>(`
      SELECT key - ${startOfRoom} AS position FROM journal WHERE key > ${startOfRoom} + ?2 AND key < ${endOfRoom}
      ORDER BY key LIMIT 1 OFFSET ?3`),
    match: all<ReadRecord>(`
      SELECT key - ${startOfRoom} AS position, at, event, outcome, checksum, payload FROM journal
      WHERE key > ${startOfRoom} + ?2 AND key <= coalesce(${startOfRoom} + ?3, ${endOfRoom} - 1)
        AND event = coalesce(?4, event) AND outcome = coalesce(?5, outcome)
      ORDER BY key LIMIT ?6`),
    keyAfter: one<{ key: number }>('SELECT key FROM journal WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?'),
    drop: run('DELETE FROM journal WHERE key > ? AND key <= coalesce(?, 9223372036854775807) AND at < ?'),
    dropOne: run(`DELETE FROM journal WHERE key = ${startOfRoom} + ?2`),
    setAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload, remark, id, at)
      SELECT ?1, 'journal', ?2, checksum, payload, outcome, event, at FROM journal WHERE key = ${startOfRoom} + ?2`),
  }
}

function passes(
  room: StoredRoomKey,
  { position, at, event, outcome, checksum, payload }: ReadRecord,
): boolean {
  return checksum === journalChecksum(room, position, at, event, outcome, payload)
}
