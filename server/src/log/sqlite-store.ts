import type { DatabaseSync } from 'node:sqlite'
import { AppendRefused, type StoredRoom } from './log.ts'
import { replyChecksum, roomChecksum, rowChecksum } from './row-checksum.ts'
import { type ReplyKey, readAroundFault, type Statements, statements } from './sqlite-statements.ts'
import { assembleRoom, type RowPart, type StoredRow, type Tail } from './stored-room.ts'

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
  /** What the checksums of its rows start from. */
  readonly checksum: number
}

interface PlacedRoom extends Room {
  /** Of its last entry. */
  position: number
}

/** Rooms whose position is remembered, so that an append begins without a look-up. */
const maxRecentRooms = 10_000

/** What can be done to the tables of the log. Writes are made inside {@link SqliteStore.transaction}. */
export class SqliteStore {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #recent = new Map<string, PlacedRoom>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#sql = statements(database)
  }

  /** Makes writes one atomic, durable step. Whatever is thrown, by them or by the commit, undoes them all. */
  transaction<T>(write: () => T): T {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = write()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      this.#recent.clear()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** Returns the position of the last entry. Throws `AppendRefused` before it writes anything. */
  append(name: string, entries: readonly PackedEntry[], after?: number): number {
    const found = this.#find(name)
    const last = found?.position ?? 0
    if (after !== undefined && after !== last) throw AppendRefused.misplaced(name, after, last)
    this.#refuseDuplicates(name, found, entries)
    if (entries.length === 0) return last
    const room = found ?? this.#create(name)
    for (const { update, reply } of entries) {
      const position = room.position + 1
      this.#sql.addEntry(room.id, position, rowChecksum(room, 'entry', position, update), update)
      if (reply) this.#addReply(room, reply)
      room.position = position
    }
    return room.position
  }

  /** Rows that fail their checksum are moved to `damaged`. Rows that cannot be read at all make it throw. */
  compact(name: string, position: number, snapshot: Uint8Array): void {
    const room = this.#find(name)
    if (position > (room?.position ?? 0))
      throw new RangeError(`Room ${name} has no entry at position ${position} to compact`)
    if (!room || position < 1) return
    const old = this.#sql.snapshot(room.id)
    const isIntact = !old || passes(room, 'snapshot', old)
    if (old && (old.position > position || (old.position === position && isIntact))) return
    if (!isIntact) this.#sql.setSnapshotAside(room.id)
    for (const row of this.#sql.entriesUpTo(room.id, position))
      if (!passes(room, 'entry', row)) this.#sql.setEntryAside(room.id, row.position)
    this.#sql.dropEntriesUpTo(room.id, position)
    this.#sql.putSnapshot(room.id, position, rowChecksum(room, 'snapshot', position, snapshot), snapshot)
  }

  /** Drops replies older than `before` among the `limit` replies behind `start`. No `end` means that it was the last step. */
  prune(before: number, start: ReplyKey, limit: number): { dropped: number; end?: ReplyKey } {
    const end = this.#sql.replyAfter(start.room, start.eventId, limit - 1)
    const range = [start.room, start.eventId, end?.room ?? null, end?.eventId ?? null]
    return { dropped: Number(this.#sql.dropReplies(...range, before).changes), end }
  }

  load(name: string): StoredRoom {
    const room = this.#identify(name)
    if (!room) return { snapshot: null, updates: [], position: 0, corrupt: [] }
    return assembleRoom(name, {
      setAside: this.#sql.setAside(room.id),
      snapshot: this.#readSnapshot(room),
      tail: this.#readTail(room),
      passes: (part, row) => passes(room, part, row),
    })
  }

  /** The stored outcomes as JSON. */
  replies(name: string, eventIds: readonly string[]): (string | null)[] {
    const room = this.#identify(name)
    return eventIds.map((eventId) => {
      const reply = room && this.#sql.reply(room.id, Buffer.from(eventId))
      if (!reply) return null
      const { at, checksum, payload } = reply
      if (checksum !== replyChecksum(room, eventId, at, payload)) return damagedReply(eventId)
      return Buffer.from(payload).toString()
    })
  }

  eventIds(name: string, after: string, limit: number): string[] {
    const room = this.#identify(name)
    if (!room) return []
    return this.#sql
      .eventIdsAfter(room.id, Buffer.from(after), limit)
      .map(({ eventId }) => Buffer.from(eventId).toString())
  }

  rooms(after: string, limit: number): string[] {
    return this.#sql.roomsAfter(Buffer.from(after), limit).map(({ name }) => Buffer.from(name).toString())
  }

  close(): void {
    this.#database.close()
  }

  #addReply(room: Room, { eventId, at, outcome }: PackedReply): void {
    const checksum = replyChecksum(room, eventId, at, outcome)
    this.#sql.addReply(room.id, Buffer.from(eventId), at, checksum, outcome)
  }

  #refuseDuplicates(name: string, room: Room | undefined, entries: readonly PackedEntry[]): void {
    const ids = new Set<string>()
    for (const { reply } of entries) {
      if (!reply) continue
      const isStored = room && this.#sql.hasReply(room.id, Buffer.from(reply.eventId))
      if (isStored || ids.has(reply.eventId)) throw AppendRefused.duplicate(name, reply.eventId)
      ids.add(reply.eventId)
    }
  }

  #identify(name: string): Room | undefined {
    const recent = this.#recent.get(name)
    if (recent) return recent
    const row = this.#sql.room(Buffer.from(name))
    return row && { id: row.id, checksum: roomChecksum(name) }
  }

  #find(name: string): PlacedRoom | undefined {
    const recent = this.#recent.get(name)
    if (recent) return recent
    const room = this.#identify(name)
    return room && this.#remember(name, { ...room, position: this.#sql.position(room.id)!.position })
  }

  #create(name: string): PlacedRoom {
    const id = Number(this.#sql.addRoom(Buffer.from(name)).lastInsertRowid)
    return this.#remember(name, { id, checksum: roomChecksum(name), position: 0 })
  }

  #remember(name: string, room: PlacedRoom): PlacedRoom {
    if (this.#recent.size >= maxRecentRooms) this.#recent.delete(this.#recent.keys().next().value!)
    this.#recent.set(name, room)
    return room
  }

  #readSnapshot({ id }: Room): { row?: StoredRow; fault?: string } {
    try {
      return { row: this.#sql.snapshot(id) }
    } catch (error) {
      // A page of its bytes is broken; the one that holds its position may not be.
      return { row: this.#sql.snapshotHead(id), fault: (error as Error).message }
    }
  }

  #readTail({ id }: Room): Tail {
    try {
      return { rows: this.#sql.entries(id) }
    } catch {
      return readAroundFault(this.#database, id)
    }
  }
}

function passes(room: Room, part: RowPart, { position, checksum, payload }: StoredRow): boolean {
  return checksum === rowChecksum(room, part, position, payload)
}

function damagedReply(eventId: string): string {
  const error = { code: 'internal', message: `The event ${eventId} has run, but its stored reply is damaged` }
  return JSON.stringify({ ok: false, error })
}
