import type { DatabaseSync } from 'node:sqlite'
import { AppendRefused, type DuePlace, type StoredRoom, type TaskCounts } from './log.ts'
import { recordChecksum, replyChecksum, roomChecksum, rowChecksum } from './row-checksum.ts'
import type { TaskRow } from './sqlite-answers.ts'
import type { PackedEntry, PackedReply } from './sqlite-entry.ts'
import { type JournalSearch, JournalTable } from './sqlite-journal.ts'
import { ReactionTable } from './sqlite-reactions.ts'
import { type ReplyKey, readBrokenTail, type Statements, setAside, statements } from './sqlite-statements.ts'
import { TaskTable } from './sqlite-tasks.ts'
import { assembleRoom, type RowPart, type StoredRoomKey, type StoredRow, type Tail } from './stored-room.ts'

interface PlacedRoom extends StoredRoomKey {
  /** Of its last entry. */
  position: number
}

/** Rooms whose position is remembered, so that an append begins without a look-up. */
const maxRecentRooms = 10_000

/** What can be done to the tables of the log. Writes are made inside {@link SqliteStore.transaction}. */
export class SqliteStore {
  readonly #database: DatabaseSync
  readonly #sql: Statements
  readonly #tasks: TaskTable
  readonly #journal: JournalTable
  readonly #reactions: ReactionTable
  readonly #recent = new Map<string, PlacedRoom>()

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#sql = statements(database)
    const transaction = (write: () => void) => this.transaction(write)
    this.#tasks = new TaskTable(database, transaction)
    this.#journal = new JournalTable(database, transaction)
    this.#reactions = new ReactionTable(database)
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
    const reacted = new Map<string, number>()
    for (const { update, by, reply, tasks, reacted: cursors, journal } of entries) {
      const position = room.position + 1
      const checksum = rowChecksum(room, 'entry', position, update, by)
      if (journal) {
        const { bytes } = journal
        const sum = recordChecksum(room, position, bytes)
        this.#sql.addJournaledEntry(room.id, position, checksum, update, by, sum, bytes)
      } else if (by) this.#sql.addAuthoredEntry(room.id, position, checksum, update, by)
      else this.#sql.addEntry(room.id, position, checksum, update)
      if (reply) this.#addReply(room, reply)
      if (tasks) this.#tasks.change(room, tasks)
      if (cursors) for (const cursor of cursors) reacted.set(cursor.name, cursor.position)
      room.position = position
    }
    if (reacted.size > 0) this.#reactions.put(room, reacted)
    return room.position
  }

  /** Rows that fail their checksum are moved to `damaged`. Rows that cannot be read at all make it throw. */
  compact(name: string, position: number, snapshot: Uint8Array, note: string | null): void {
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
    this.#journal.keep(room, position)
    this.#sql.dropEntriesUpTo(room.id, position)
    const remark = note === null ? null : Buffer.from(note)
    const checksum = rowChecksum(room, 'snapshot', position, snapshot, remark)
    this.#sql.putSnapshot(room.id, position, checksum, snapshot, remark)
  }

  /** Drops replies older than `before` among the `limit` replies behind `start`. No `end` means that it was the last step. */
  pruneReplies(before: number, start: ReplyKey, limit: number): { dropped: number; end?: ReplyKey } {
    const end = this.#sql.replyAfter(start.room, start.eventId, limit - 1)
    const range = [start.room, start.eventId, end?.room ?? null, end?.eventId ?? null]
    return { dropped: Number(this.#sql.dropReplies(...range, before).changes), end }
  }

  /** The same with the journal records that are with their entries. */
  pruneEntries(before: number, start: number, limit: number): { dropped: number; end?: number } {
    return this.#journal.pruneEntries(before, start, limit)
  }

  /** The same with those that have outlived their entries. */
  pruneJournal(before: number, start: number, limit: number): { dropped: number; end?: number } {
    return this.#journal.pruneRows(before, start, limit)
  }

  load(name: string): StoredRoom {
    const room = this.#identify(name)
    if (!room) return { snapshot: null, note: null, updates: [], reacted: {}, position: 0, corrupt: [] }
    const { places, corrupt } = this.#reactions.of(room, name)
    return assembleRoom(name, {
      corrupt: [...setAside(this.#sql, room, name), ...this.#tasks.check(room, name), ...corrupt],
      reacted: places,
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

  dueTasks(until: number, limit: number, { due, room, id }: DuePlace): TaskRow[] {
    const after = { due, room: this.#identify(room)?.id ?? 0, id: Buffer.from(id) }
    return this.#tasks.due(until, limit, after)
  }

  countTasks(): TaskCounts {
    return this.#tasks.count()
  }

  tasks(name: string, after: string, limit: number): TaskRow[] {
    const room = this.#identify(name)
    return room ? this.#tasks.of(room, Buffer.from(after), limit) : []
  }

  /** Takes a search one step on. Returns whether it is at its end. */
  searchJournal(name: string, search: JournalSearch): boolean {
    const room = this.#identify(name)
    return !room || this.#journal.step(room, search)
  }

  rooms(after: string, limit: number): string[] {
    return this.#sql.roomsAfter(Buffer.from(after), limit).map(({ name }) => Buffer.from(name).toString())
  }

  close(): void {
    this.#database.close()
  }

  #addReply(room: StoredRoomKey, { eventId, at, outcome }: PackedReply): void {
    const checksum = replyChecksum(room, eventId, at, outcome)
    this.#sql.addReply(room.id, Buffer.from(eventId), at, checksum, outcome)
  }

  #refuseDuplicates(name: string, room: StoredRoomKey | undefined, entries: readonly PackedEntry[]): void {
    const ids = new Set<string>()
    for (const { reply } of entries) {
      if (!reply) continue
      const isStored = room && this.#sql.hasReply(room.id, Buffer.from(reply.eventId))
      if (isStored || ids.has(reply.eventId)) throw AppendRefused.duplicate(name, reply.eventId)
      ids.add(reply.eventId)
    }
  }

  #identify(name: string): StoredRoomKey | undefined {
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

  #readSnapshot({ id }: StoredRoomKey): { row?: StoredRow; fault?: string } {
    try {
      return { row: this.#sql.snapshot(id) }
    } catch (error) {
      // A page of its bytes is broken; the one that holds its position may not be.
      return { row: this.#sql.snapshotHead(id), fault: (error as Error).message }
    }
  }

  #readTail({ id }: StoredRoomKey): Tail {
    try {
      return { rows: this.#sql.entries(id) }
    } catch {
      return readBrokenTail(this.#database, id)
    }
  }
}

function passes(
  room: StoredRoomKey,
  part: RowPart,
  { position, checksum, payload, remark }: StoredRow,
): boolean {
  return checksum === rowChecksum(room, part, position, payload, remark)
}

function damagedReply(eventId: string): string {
  const error = { code: 'internal', message: `The event ${eventId} has run, but its stored reply is damaged` }
  return JSON.stringify({ ok: false, error })
}
