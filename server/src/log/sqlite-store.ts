import type { DatabaseSync } from 'node:sqlite'
import { AppendRefused, type StoredRoom } from './log.ts'
import { replyChecksum, roomChecksum, rowChecksum } from './row-checksum.ts'
import { readAroundFault, type Statements, statements } from './sqlite-statements.ts'
import { assembleRoom, type StoredRow, type Tail } from './stored-room.ts'

/** An entry as it is stored: the outcome of its reply is JSON in UTF-8. */
export interface PackedEntry {
  readonly update: Uint8Array | null
  readonly reply: PackedReply | null
}

export interface PackedReply {
  readonly eventId: string
  readonly at: number
  readonly outcome: Uint8Array
}

interface Room {
  readonly id: number
  readonly checksum: number
}

/** Rooms whose position is remembered, so that an append begins without a look-up. */
const maxRecentRooms = 10_000

/** What can be done to the tables of the log. Writes are made inside {@link SqliteStore.transaction}. */
export class SqliteStore {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #recent = new Map<string, Room & { position: number }>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#sql = statements(database)
  }

  /** Makes writes one atomic, durable step. Whatever is thrown, by them or by the commit, undoes them all. */
  transaction(write: () => void): void {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      write()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#recent.clear()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Returns the position of the last entry. Throws `AppendRefused` before it writes anything. */
  append(name: string, entries: readonly PackedEntry[]): number {
    const found = this.#find(name)
    this.#refuseDuplicates(name, found, entries)
    if (entries.length === 0) return found?.position ?? 0
    const room = found ?? this.#create(name)
    for (const { update, reply } of entries) {
      room.position += 1
      this.#sql.addEntry.run(
        room.id,
        room.position,
        rowChecksum(room, 'entry', room.position, update),
        update,
      )
      if (!reply) continue
      const { eventId, at, outcome } = reply
      this.#sql.addReply.run(room.id, eventId, at, replyChecksum(room, eventId, at, outcome), outcome)
    }
    return room.position
  }

  /** Rows that fail their checksum are moved to `damaged`. Rows that cannot be read at all make it throw. */
  compact(name: string, position: number, snapshot: Uint8Array): void {
    const room = this.#find(name)
    if (position > (room?.position ?? 0))
      throw new RangeError(`Room ${name} has no entry at position ${position} to compact`)
    if (!room || position < 1) return
    const old = this.#sql.snapshot.get(room.id) as StoredRow | undefined
    const isIntact = !old || passes(room, 'snapshot', old)
    if (old && (old.position > position || (old.position === position && isIntact))) return
    if (!isIntact) this.#sql.setSnapshotAside.run(room.id)
    for (const row of this.#sql.entriesUpTo.all(room.id, position) as unknown as StoredRow[])
      if (!passes(room, 'entry', row)) this.#sql.setEntryAside.run(room.id, row.position)
    this.#sql.dropEntries.run(room.id, position)
    this.#sql.putSnapshot.run(room.id, position, rowChecksum(room, 'snapshot', position, snapshot), snapshot)
  }

  /** Drops replies older than `before`, at most `limit`, and returns how many. */
  prune(before: number, limit: number): number {
    return Number(this.#sql.dropReplies.run(before, limit).changes)
  }

  load(name: string): StoredRoom {
    const room = this.#identify(name)
    if (!room) return { snapshot: null, updates: [], position: 0, corrupt: [] }
    const setAside = this.#sql.damaged.all(room.id) as unknown as {
      part: 'snapshot' | 'entry'
      position: number
    }[]
    return assembleRoom(name, {
      setAside,
      snapshot: this.#readSnapshot(room),
      tail: this.#readTail(room),
      passes: (part, row) => passes(room, part, row),
    })
  }

  /** The stored outcomes as JSON. */
  replies(name: string, eventIds: readonly string[]): (string | null)[] {
    const room = this.#identify(name)
    if (!room) return eventIds.map(() => null)
    return eventIds.map((eventId) => {
      const row = this.#sql.reply.get(room.id, eventId) as
        | { at: number; checksum: number; payload: Uint8Array }
        | undefined
      if (!row) return null
      if (row.checksum !== replyChecksum(room, eventId, row.at, row.payload)) return damagedReply(eventId)
      return Buffer.from(row.payload.buffer, row.payload.byteOffset, row.payload.length).toString()
    })
  }

  rooms(after: string, limit: number): string[] {
    const rows = this.#sql.roomsAfter.all(Buffer.from(after), limit) as { name: Uint8Array }[]
    return rows.map(({ name }) => Buffer.from(name).toString())
  }

  close(): void {
    this.#database.close()
  }

  #refuseDuplicates(name: string, room: Room | undefined, entries: readonly PackedEntry[]): void {
    const ids = new Set<string>()
    for (const { reply } of entries) {
      if (!reply) continue
      const isStored = room && this.#sql.hasReply.get(room.id, reply.eventId)
      if (isStored || ids.has(reply.eventId)) throw AppendRefused.duplicate(name, reply.eventId)
      ids.add(reply.eventId)
    }
  }

  #identify(name: string): Room | undefined {
    const recent = this.#recent.get(name)
    if (recent) return recent
    const row = this.#sql.room.get(Buffer.from(name)) as { id: number } | undefined
    return row && { id: row.id, checksum: roomChecksum(name) }
  }

  #find(name: string): (Room & { position: number }) | undefined {
    const recent = this.#recent.get(name)
    if (recent) return recent
    const room = this.#identify(name)
    if (!room) return undefined
    const { position } = this.#sql.position.get(room.id) as { position: number }
    return this.#remember(name, { ...room, position })
  }

  #create(name: string): Room & { position: number } {
    const id = Number(this.#sql.addRoom.run(Buffer.from(name)).lastInsertRowid)
    return this.#remember(name, { id, checksum: roomChecksum(name), position: 0 })
  }

  #remember(name: string, room: Room & { position: number }) {
    if (this.#recent.size >= maxRecentRooms) this.#recent.delete(this.#recent.keys().next().value!)
    this.#recent.set(name, room)
    return room
  }

  #readSnapshot({ id }: Room): { row?: StoredRow; fault?: string } {
    try {
      return { row: this.#sql.snapshot.get(id) as StoredRow | undefined }
    } catch (error) {
      // Pages that hold its bytes are broken; the page that holds its position may not be.
      return {
        row: this.#sql.snapshotPosition.get(id) as StoredRow | undefined,
        fault: (error as Error).message,
      }
    }
  }

  #readTail({ id }: Room): Tail {
    try {
      return { rows: this.#sql.entries.all(id) as unknown as StoredRow[] }
    } catch {
      return readAroundFault(this.#database, id)
    }
  }
}

function passes(room: Room, part: 'snapshot' | 'entry', { position, checksum, payload }: StoredRow): boolean {
  return checksum === rowChecksum(room, part, position, payload)
}

function damagedReply(eventId: string): string {
  const error = { code: 'internal', message: `The event ${eventId} has run, but its stored reply is damaged` }
  return JSON.stringify({ ok: false, error })
}
