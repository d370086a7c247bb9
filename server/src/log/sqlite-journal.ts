import type { DatabaseSync } from 'node:sqlite'
import { type PackedMatch, packedTime, recordMatches } from './journal-record.ts'
import { type FoundRecord, type JournalRow, packRow, recordsOf, rowPasses } from './journal-row.ts'
import type { JournalMatch } from './log.ts'
import { journalChecksum, recordChecksum, roomChecksum } from './row-checksum.ts'
import {
  type EntryRecord,
  type JournalSource,
  journalStatements,
  maxPosition,
  positionBehind,
  recordsBehind,
  rowsBehind,
} from './sqlite-journal-statements.ts'
import { isBrokenPage } from './sqlite-prepared.ts'
import type { StoredRoomKey } from './stored-room.ts'

/** Records of one row, at most. */
const maxRowRecords = 128
const maxRowBytes = 64 * 1024

/** What a search looks at in one step, whatever it finds. */
const stepRecords = 1000
const stepBytes = 512 * 1024

/** A look-up in the journal, and how far it is. */
export interface JournalSearch {
  readonly limit: number
  readonly match: PackedMatch
  /** The position up to which everything was looked at, or not asked for. */
  seen: number
  /** What is looked at first: the entries, where the rest of the rows cannot be read. */
  from: JournalSource
  readonly found: FoundRecord[]
}

export function newSearch(after: number, limit: number, { event, outcome }: JournalMatch): JournalSearch {
  const bytes = (text: string | undefined) => (text === undefined ? null : Buffer.from(text))
  const match = { event: bytes(event), outcome: bytes(outcome) }
  return { limit, match, seen: after, from: 'journal', found: [] }
}

/** One step of a search. */
interface Step {
  source: JournalSource
  records: number
  bytes: number
  readonly damaged: { readonly source: JournalSource; readonly position: number }[]
}

/**
 * What is remembered of the events of all rooms. A record is stored with its entry: a row of its own would make every commit
 * write another page for every room. Compaction moves the records of the entries that it drops into rows that many share.
 */
export class JournalTable {
  readonly #database: DatabaseSync
  readonly #sql: ReturnType<typeof journalStatements>
  readonly #transaction: (write: () => void) => void

  constructor(database: DatabaseSync, transaction: (write: () => void) => void) {
    this.#database = database
    this.#sql = journalStatements(database)
    this.#transaction = transaction
  }

  /** Keeps the records of entries that are about to go. Part of a transaction. */
  keep(room: StoredRoomKey, upTo: number): void {
    let records: FoundRecord[] = []
    let size = 0
    for (const { position, checksum, bytes } of this.#sql.recordsUpTo(room.id, upTo)) {
      if (checksum !== recordChecksum(room, position, bytes)) {
        this.#sql.setRecordAside(room.id, position)
        continue
      }
      records.push({ position, at: packedTime(bytes), bytes })
      size += bytes.length
      if (records.length < maxRowRecords && size < maxRowBytes) continue
      this.#put(room, position, records)
      records = []
      size = 0
    }
    const last = records.at(-1)
    if (last) this.#put(room, last.position, records)
  }

  /** Takes a search one step on. Returns whether it is at its end. */
  step(room: StoredRoomKey, search: JournalSearch): boolean {
    const step: Step = { source: search.from, records: 0, bytes: 0, damaged: [] }
    try {
      // A compaction between two steps moves records: what is left of the rows comes first each time.
      if (step.source === 'journal' && !this.#lookAtRows(room, search, step)) return isFull(search)
      step.source = 'entries'
      return this.#lookAtEntries(room, search, step) || isFull(search)
    } catch (error) {
      if (!isBrokenPage(error)) throw error
      return this.#skip(room, search, step.source)
    } finally {
      for (const { source, position } of step.damaged) this.#setAside(source, room.id, position)
    }
  }

  /** Drops old records that are with one of the `limit` entries behind the key `start`. No `end`: it was the last step. */
  pruneEntries(before: number, start: number, limit: number): { dropped: number; end?: number } {
    // No time is below 0; the bytes of such a number would be above all others.
    if (!(before > 0)) return { dropped: 0 }
    const end = this.#sql.entryAfter(start, limit - 1)?.key
    const time = Buffer.alloc(8)
    time.writeDoubleBE(before)
    return { dropped: Number(this.#sql.forgetOld(start, end ?? null, time).changes), end }
  }

  /** The same with so many records of rows. */
  pruneRows(before: number, start: number, limit: number): { dropped: number; end?: number } {
    const end = this.#endOfStep(start, limit)
    const range = [start, end ?? null, before] as const
    let { dropped } = this.#sql.countOld(...range)!
    this.#sql.dropOld(...range)
    for (const row of this.#sql.mixed(...range)) dropped += this.#thin(row, before)
    return { dropped, end }
  }

  #endOfStep(start: number, limit: number): number | undefined {
    const rows = this.#database.prepare('SELECT key, count FROM journal WHERE key > ? ORDER BY key')
    let records = 0
    for (const { key, count } of rows.iterate(start)) {
      records += count as number
      if (records >= limit) return key as number
    }
    return undefined
  }

  /** Returns whether it has come to the end of them. */
  #lookAtRows(room: StoredRoomKey, search: JournalSearch, step: Step): boolean {
    // Made for the purpose: a statement that failed in the middle fails once more when it is used again.
    for (const read of this.#database.prepare(rowsBehind).iterate(room.id, search.seen)) {
      if (isFull(search) || isOver(step)) return false
      const row = read as unknown as JournalRow
      step.records += row.count
      step.bytes += row.payload.length
      if (!rowPasses(room, row)) step.damaged.push({ source: 'journal', position: row.position })
      else for (const record of recordsOf(row)) take(search, record)
      search.seen = row.position
    }
    return true
  }

  #lookAtEntries(room: StoredRoomKey, search: JournalSearch, step: Step): boolean {
    for (const read of this.#database.prepare(recordsBehind).iterate(room.id, search.seen)) {
      if (isFull(search) || isOver(step)) return false
      const { position, checksum, bytes } = read as unknown as EntryRecord
      step.records += 1
      step.bytes += bytes?.length ?? 0
      if (bytes && checksum !== recordChecksum(room, position, bytes))
        step.damaged.push({ source: 'entries', position })
      else if (bytes) take(search, { position, at: packedTime(bytes), bytes })
      search.seen = position
    }
    return true
  }

  /** Goes past a broken page: to the next position that can be told from others, or to the end. */
  #skip(room: StoredRoomKey, search: JournalSearch, source: JournalSource): boolean {
    const broken = search.seen + 1
    this.#tryTo(() => this.#sql.noteBroken(room.id, broken))
    for (let gap = 0; gap <= maxPosition; gap = 2 * gap + 1) {
      try {
        const next = this.#database.prepare(positionBehind(source)).get(room.id, search.seen + gap)
        if (!next) break
        // What is behind the gap can be read; at the first try it is the broken row itself.
        search.seen = (next.position as number) - (gap === 0 ? 0 : 1)
        return false
      } catch (error) {
        if (!isBrokenPage(error)) throw error
      }
    }
    search.from = 'entries'
    return source === 'entries'
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

  #setAside(source: JournalSource, room: number, position: number): void {
    this.#tryTo(() => {
      if (source === 'journal') {
        this.#sql.setRowAside(room, position)
        this.#sql.dropRow(room, position)
      } else {
        this.#sql.setRecordAside(room, position)
        this.#sql.dropRecord(room, position)
      }
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

const isFull = ({ found, limit }: JournalSearch) => found.length >= limit

const isOver = ({ records, bytes }: Step) => records >= stepRecords || bytes >= stepBytes

function take(search: JournalSearch, record: FoundRecord): void {
  if (record.position > search.seen && !isFull(search) && recordMatches(record, search.match))
    search.found.push(record)
}
