import {
  type Appended,
  AppendRefused,
  assertRoomName,
  LogClosed,
  type LogEntry,
  type StoredRoom,
  type UpdateLog,
} from './log.ts'

/** A log that lives and dies with its process: for tests, and for rooms that nobody will miss. */
export function memoryLog(): UpdateLog {
  return new MemoryLog()
}

interface MemoryRoom {
  snapshot: Uint8Array | null
  /** Updates of the entries after the snapshot; the last one stands at the room's position. */
  tail: (Uint8Array | null)[]
  position: number
  /** Outcomes as JSON, so that nobody can change them afterwards. */
  readonly replies: Map<string, { at: number; outcome: string }>
}

class MemoryLog implements UpdateLog {
  readonly #rooms = new Map<string, MemoryRoom>()
  #closed = false

  async load(name: string): Promise<StoredRoom> {
    this.#assertUsable(name)
    const room = this.#rooms.get(name) ?? emptyRoom()
    const updates = room.tail.filter((update) => update !== null).map(copy)
    return { snapshot: room.snapshot && copy(room.snapshot), updates, position: room.position, corrupt: [] }
  }

  async append(name: string, entries: readonly LogEntry[], after?: number): Promise<Appended> {
    this.#assertUsable(name)
    const room = this.#rooms.get(name) ?? emptyRoom()
    if (after !== undefined && after !== room.position)
      throw AppendRefused.misplaced(name, after, room.position)
    const replies = new Map<string, { at: number; outcome: string }>()
    for (const { reply } of entries) {
      if (!reply) continue
      if (room.replies.has(reply.eventId) || replies.has(reply.eventId))
        throw AppendRefused.duplicate(name, reply.eventId)
      replies.set(reply.eventId, { at: reply.at, outcome: JSON.stringify(reply.outcome) })
    }
    if (entries.length > 0) this.#rooms.set(name, room)
    for (const { update } of entries) room.tail.push(update ? copy(update) : null)
    for (const [eventId, reply] of replies) room.replies.set(eventId, reply)
    room.position += entries.length
    return { position: room.position }
  }

  async replies(name: string, eventIds: readonly string[]) {
    this.#assertUsable(name)
    const room = this.#rooms.get(name)
    return eventIds.map((eventId) => {
      const reply = room?.replies.get(eventId)
      return reply ? JSON.parse(reply.outcome) : null
    })
  }

  async eventIds(name: string, after: string, limit: number): Promise<string[]> {
    this.#assertUsable(name)
    const ids = [...(this.#rooms.get(name)?.replies.keys() ?? [])].filter((id) => byteOrder(id, after) > 0)
    return ids.sort(byteOrder).slice(0, limit)
  }

  async compact(name: string, position: number, snapshot: Uint8Array): Promise<void> {
    this.#assertUsable(name)
    const room = this.#rooms.get(name) ?? emptyRoom()
    if (position > room.position)
      throw new RangeError(`Room ${name} has no entry at position ${position} to compact`)
    const held = position - (room.position - room.tail.length)
    if (held <= 0) return
    room.tail.splice(0, held)
    room.snapshot = copy(snapshot)
  }

  async prune(before: number): Promise<number> {
    this.#assertUsable('')
    let dropped = 0
    for (const { replies } of this.#rooms.values())
      for (const [eventId, { at }] of replies) if (at < before && replies.delete(eventId)) dropped++
    return dropped
  }

  async rooms(after: string, limit: number): Promise<string[]> {
    this.#assertUsable(after)
    const names = [...this.#rooms.keys()].filter((name) => byteOrder(name, after) > 0)
    return names.sort(byteOrder).slice(0, limit)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertUsable(name: string): void {
    if (this.#closed) throw new LogClosed()
    assertRoomName(name)
  }
}

const emptyRoom = (): MemoryRoom => ({ snapshot: null, tail: [], position: 0, replies: new Map() })

const byteOrder = (one: string, two: string) => Buffer.compare(Buffer.from(one), Buffer.from(two))

/** Unlike `slice`, which shares the bytes when they are a `Buffer`. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
