import { byteOrder } from './byte-order.ts'
import {
  type Appended,
  AppendRefused,
  assertRoomName,
  assertTasks,
  type DuePlace,
  type DueTask,
  type JournalMatch,
  type JournalRow,
  LogClosed,
  type LogEntry,
  type StoredRoom,
  type StoredTask,
  type TaskCounts,
  type UpdateLog,
} from './log.ts'
import { MemoryTasks } from './memory-tasks.ts'

/** A log that lives and dies with its process: for tests, and for rooms that nobody will miss. */
export function memoryLog(): UpdateLog {
  return new MemoryLog()
}

interface MemoryRoom {
  snapshot: Uint8Array | null
  note: string | null
  /** The entries after the snapshot; the last one stands at the room's position. */
  tail: { readonly update: Uint8Array | null; readonly by: string | null }[]
  position: number
  /** Outcomes as JSON, so that nobody can change them afterwards. */
  readonly replies: Map<string, MemoryReply>
  readonly reacted: Map<string, number>
  /** By position. */
  journal: JournalRow[]
}

interface MemoryReply {
  readonly at: number
  readonly outcome: string
}

class MemoryLog implements UpdateLog {
  readonly #rooms = new Map<string, MemoryRoom>()
  readonly #tasks = new MemoryTasks()
  #closed = false

  async load(name: string): Promise<StoredRoom> {
    const { snapshot, note, tail, position, reacted } = this.#find(name)
    const first = position - tail.length + 1
    return {
      snapshot: snapshot && copy(snapshot),
      note,
      updates: tail.flatMap(({ update, by }, index) =>
        update ? [{ position: first + index, update: copy(update), by }] : [],
      ),
      reacted: Object.fromEntries(reacted),
      position,
      corrupt: [],
    }
  }

  async append(name: string, entries: readonly LogEntry[], after?: number): Promise<Appended> {
    const room = this.#find(name)
    assertTasks(entries)
    if (after !== undefined && after !== room.position)
      throw AppendRefused.misplaced(name, after, room.position)
    const replies = new Map<string, MemoryReply>()
    for (const { reply } of entries) {
      if (!reply) continue
      if (room.replies.has(reply.eventId) || replies.has(reply.eventId))
        throw AppendRefused.duplicate(name, reply.eventId)
      replies.set(reply.eventId, { at: reply.at, outcome: JSON.stringify(reply.outcome) })
    }
    if (entries.length > 0) this.#rooms.set(name, room)
    for (const entry of entries) this.#add(name, room, entry)
    for (const [eventId, reply] of replies) room.replies.set(eventId, reply)
    return { position: room.position }
  }

  async replies(name: string, eventIds: readonly string[]) {
    const { replies } = this.#find(name)
    return eventIds.map((eventId) => {
      const reply = replies.get(eventId)
      return reply ? JSON.parse(reply.outcome) : null
    })
  }

  async eventIds(name: string, after: string, limit: number): Promise<string[]> {
    return page(this.#find(name).replies.keys(), after, limit)
  }

  async compact(name: string, position: number, snapshot: Uint8Array, note?: string): Promise<void> {
    const room = this.#find(name)
    if (position > room.position)
      throw new RangeError(`Room ${name} has no entry at position ${position} to compact`)
    const held = position - (room.position - room.tail.length)
    if (held <= 0) return
    room.tail.splice(0, held)
    room.snapshot = copy(snapshot)
    room.note = note ?? null
  }

  async prune(before: { readonly replies: number; readonly journal: number }): Promise<number> {
    this.#assertUsable('')
    let dropped = 0
    for (const room of this.#rooms.values()) {
      const { replies } = room
      for (const [eventId, { at }] of replies) if (at < before.replies && replies.delete(eventId)) dropped++
      const kept = room.journal.filter(({ at }) => at >= before.journal)
      dropped += room.journal.length - kept.length
      room.journal = kept
    }
    return dropped
  }

  async dueTasks(until: number, limit: number, after?: DuePlace): Promise<DueTask[]> {
    this.#assertUsable('')
    return this.#tasks.due(until, limit, after)
  }

  async countTasks(): Promise<TaskCounts> {
    this.#assertUsable('')
    return this.#tasks.count()
  }

  async tasks(name: string, after: string, limit: number): Promise<StoredTask[]> {
    this.#assertUsable(name)
    return this.#tasks.of(name, after, limit)
  }

  async journal(name: string, after: number, limit: number, match: JournalMatch = {}): Promise<JournalRow[]> {
    const { event, outcome } = match
    const found: JournalRow[] = []
    for (const row of this.#find(name).journal) {
      if (found.length >= limit) break
      if (row.position <= after) continue
      if (event !== undefined && row.event !== event) continue
      if (outcome === undefined || row.outcome === outcome) found.push({ ...row })
    }
    return found
  }

  async rooms(after: string, limit: number): Promise<string[]> {
    this.#assertUsable(after)
    return page(this.#rooms.keys(), after, limit)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #add(name: string, room: MemoryRoom, { update, by, tasks, reacted, journal }: LogEntry): void {
    room.tail.push({ update: update ? copy(update) : null, by: by ?? null })
    room.position += 1
    if (tasks) this.#tasks.change(name, tasks)
    for (const [name, position] of Object.entries(reacted ?? {})) room.reacted.set(name, position)
    if (!journal) return
    const { at, event, outcome, content } = journal
    room.journal.push({ position: room.position, at, event, outcome, content })
  }

  /** A room that is not stored is empty. */
  #find(name: string): MemoryRoom {
    this.#assertUsable(name)
    return this.#rooms.get(name) ?? emptyRoom()
  }

  #assertUsable(name: string): void {
    if (this.#closed) throw new LogClosed()
    assertRoomName(name)
  }
}

const emptyRoom = (): MemoryRoom => ({
  snapshot: null,
  note: null,
  tail: [],
  position: 0,
  replies: new Map(),
  reacted: new Map(),
  journal: [],
})

const page = (keys: Iterable<string>, after: string, limit: number): string[] =>
  [...keys]
    .filter((key) => byteOrder(key, after) > 0)
    .sort(byteOrder)
    .slice(0, limit)

/** Unlike `slice`, which shares the bytes when they are a `Buffer`. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
