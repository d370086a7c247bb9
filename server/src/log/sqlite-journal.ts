import type { DatabaseSync } from 'node:sqlite'
import { type PackedMatch, recordMatches } from './journal-record.ts'
import { type FoundRecord, type JournalRow, packRow, recordsOf, rowPasses } from './journal-row.ts'
import type { JournalMatch } from './log.ts'
import { journalChecksum, roomChecksum } from './row-checksum.ts'
import type { PackedEntry } from './sqlite-entry.ts'
import { isBrokenPage, prepared } from './sqlite-prepared.ts'
import { endOfRoom, startOfRoom } from './sqlite-statements.ts'
import type { StoredRoomKey } from './stored-room.ts'

/** Records of one row, at most. */
const maxRowRecords = 128
const maxRowBytes = 64 * 1024

/** What a search looks at in one step, whatever it finds. */
const stepRecords = 5000
const stepBytes = 1024 * 1024

/** A look-up in the journal, and how far it is. */
export interface JournalSearch {
  readonly limit: number
  readonly match: PackedMatch
  /** Records up to this position are not asked for. */
  readonly after: number
  /** The position looked at last. */
  seen: number
  readonly found: FoundRecord[]
}

export function newSearch(after: number, limit: number, { event, outcome }: JournalMatch): JournalSearch {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  return { limit, match: { event: bytes(event), outcome: bytes(outcome) }, after, seen: after, found: [] }
}

/**
 * What is remembered of the events of all rooms. The records of an append share a row: one of its own would cost each of
 * them several times as much.
 */
export class JournalTable {
  readonly #database: DatabaseSync
  readonly #sql: ReturnType<typeof statements>
  readonly #transaction: (write: () => void) => void

  constructor(database: DatabaseSync, transaction: (write: () => void) => void) {
    this.#database = database
    this.#sql = statements(database)
    this.#transaction = transaction
  }

  /** Part of a transaction. `first` is the position of the first entry. */
  add(room: StoredRoomKey, first: number, entries: readonly PackedEntry[]): void {
    let records: FoundRecord[] = []
    let bytes = 0
    for (let index = 0; index < entries.length; index++) {
      const record = entries[index]!.journal
      if (!record) continue
      records.push({ position: first + index, at: record.at, bytes: record.bytes })
      bytes += record.bytes.length
      if (records.length < maxRowRecords && bytes < maxRowBytes) continue
      this.#put(room, first + index, records)
      records = []
      bytes = 0
    }
    if (records.length > 0) this.#put(room, records.at(-1)!.position, records)
  }

  /** Takes a search one step on. Returns whether it is at its end. */
  step(room: StoredRoomKey, search: JournalSearch): boolean {
    const damaged: number[] = []
    try {
      return this.#look(room, search, damaged)
    } catch (error) {
      if (!isBrokenPage(error)) throw error
      return this.#skip(room, search)
    } finally {
      for (const position of damaged) this.#setAside(room.id, position)
    }
  }

  /** Drops the records older than `before` among so many behind the key `start`. No `end` means that it was the last step. */
  prune(before: number, start: number, limit: number): { dropped: number; end?: number } {
    let end: number | undefined
    let records = 0
    for (const row of this.#database
      .prepare('SELECT key, count FROM journal WHERE key > ? ORDER BY key')
      .iterate(start)) {
      records += row.count as number
      if (records < limit) continue
      end = row.key as number
      break
    }
    const range = [start, end ?? null, before] as const
    let { dropped } = this.#sql.countOld(...range)!
    this.#sql.dropOld(...range)
    for (const row of this.#sql.mixed(...range)) dropped += this.#thin(row, before)
    return { dropped, end }
  }

  #look(room: StoredRoomKey, search: JournalSearch, damaged: number[]): boolean {
    const { limit, match, after, found } = search
    let [records, bytes] = [0, 0]
    // Made for the purpose: a statement that failed in the middle fails once more when it is used again.
    for (const read of this.#database.prepare(rowsBehind).iterate(room.id, search.seen)) {
      const row = read as unknown as JournalRow
      search.seen = row.position
      if (!rowPasses(room, row)) damaged.push(row.position)
      else
        for (const record of recordsOf(row)) {
          if (found.length >= limit) return true
          if (record.position > after && recordMatches(record, match)) found.push(record)
        }
      records += row.count
      bytes += row.payload.length
      if (records >= stepRecords || bytes >= stepBytes) return false
    }
    return true
  }

  /** Goes past a broken page: to the next row that can be told from others, or to the end of the room. */
  #skip(room: StoredRoomKey, search: JournalSearch): boolean {
    const broken = search.seen + 1
    this.#tryTo(() => this.#sql.noteBroken(room.id, broken))
    for (let gap = 0; gap < maxPosition; gap = 2 * gap + 1) {
      try {
        const next = this.#database.prepare(positionBehind).get(room.id, search.seen + gap)?.position
        if (next === undefined) return true
        // What is behind the gap can be read; at the first try it is the broken row itself.
        search.seen = (next as number) - (gap === 0 ? 0 : 1)
        return false
      } catch (error) {
        if (!isBrokenPage(error)) throw error
      }
    }
    return true
  }

  #put(room: StoredRoomKey, position: number, records: readonly FoundRecord[]): void {
    const row = packRow(position, records)
    const { count, earliest, latest, payload } = row
    this.#sql.put(room.id, position, count, earliest, latest, journalChecksum(room, row), payload)
  }

  /** Takes the old records out of a row that has younger ones too. Returns how many. */
  #thin(row: JournalRow & { readonly room: number; readonly name: Uint8Array }, before: number): number {
    const room = { id: row.room, checksum: roomChecksum(row.name) }
    if (!rowPasses(room, row)) return 0
    const kept = recordsOf(row).filter(({ at }) => at >= before)
    this.#put(room, row.position, kept)
    return row.count - kept.length
  }

  #setAside(room: number, position: number): void {
    this.#tryTo(() => {
      this.#sql.setAside(room, position)
      this.#sql.drop(room, position)
    })
  }

  /** What cannot be set aside stays where it is, and is passed over. */
  #tryTo(write: () => void): void {
    try {
      this.#transaction(write)
    } catch {
      // The storage is full, or broken there too.
    }
  }
}

const maxPosition = 2 ** 36
const columns = `key - ${startOfRoom} AS position, count, earliest, latest, checksum, payload`
const behind = `FROM journal WHERE key > ${startOfRoom} + ?2 AND key < ${endOfRoom} ORDER BY key`
const rowsBehind = `SELECT ${columns} ${behind}`
const positionBehind = `SELECT key - ${startOfRoom} AS position ${behind} LIMIT 1`

function statements(database: DatabaseSync) {
  const { one, all, run } = prepared(database)
  const range = 'key > ? AND key <= coalesce(?, 9223372036854775807)'
  return {
    put: run(`
      REPLACE INTO journal (key, count, earliest, latest, checksum, payload)
      VALUES (${startOfRoom} + ?2, ?3, ?4, ?5, ?6, ?7)`),
    drop: run(`DELETE FROM journal WHERE key = ${startOfRoom} + ?2`),
    countOld: one<{ dropped: number }>(
      `SELECT coalesce(sum(count), 0) AS dropped FROM journal WHERE ${range} AND latest < ?`,
    ),
    dropOld: run(`DELETE FROM journal WHERE ${range} AND latest < ?`),
    mixed: all<JournalRow & { room: number; name: Uint8Array }>(`
      SELECT rooms.id AS room, name, key & ${maxPosition - 1} AS position, count, earliest, latest, checksum, payload
      FROM journal JOIN rooms ON rooms.id = key >> 36 WHERE ${range} AND earliest < ?`),
    setAside: run(`
      INSERT INTO damaged (room, part, position, checksum, payload)
      SELECT ?1, 'journal', ?2, checksum, payload FROM journal WHERE key = ${startOfRoom} + ?2`),
    noteBroken: run(`
      INSERT INTO damaged (room, part, position, checksum)
      SELECT ?1, 'journal', ?2, 0
      WHERE NOT EXISTS (SELECT 1 FROM damaged WHERE room = ?1 AND part = 'journal' AND position = ?2)`),
  }
}
