import type { Outcome } from '@interplay/shared/protocol'

/**
 * The update log: the append-only durable record of every room, and the truth. Positions count a room's entries from 1
 * without gaps. Every driver passes `log.contract.ts`.
 */
export interface UpdateLog {
  /** Everything needed to open a room: one snapshot and the entries behind it. An unknown room is empty. */
  load(room: string): Promise<StoredRoom>

  /**
   * Appends entries in order, all or nothing, and resolves once they are durable (fsynced). Appends are taken in the
   * order in which they were handed in; those that arrive together share one commit.
   * `after` is the position that the room's last entry must have. With it, a caller hands in an append before the one
   * ahead of it is answered: if that one fails, this one is refused as `misplaced`, and order is kept.
   * Rejects with an `AppendRefused` when no retry of it alone can help; with any other error a retry of the same entries
   * is safe: nothing was stored. Appending nothing resolves to the room's position.
   */
  append(room: string, entries: readonly LogEntry[], after?: number): Promise<Appended>

  /**
   * The stored outcomes of these event ids, in their order; `null` where the room has none. A stored outcome that is
   * damaged comes back as a failed one of code `internal`: its event has run, and must not run again.
   */
  replies(room: string, eventIds: readonly string[]): Promise<(Outcome | null)[]>

  /** Ids of the events that have a stored outcome, after `after` in the order of their UTF-8 bytes, at most `limit`. */
  eventIds(room: string, after: string, limit: number): Promise<string[]>

  /**
   * Replaces the entries up to and including `position` by a snapshot that holds them all, in one atomic step.
   * Replies stay. Does nothing when the stored snapshot is as new. Rows with a wrong checksum, the old snapshot among
   * them, are set aside and reported by every `load`. Rejects with a `RangeError` when the room has no such position.
   */
  compact(room: string, position: number, snapshot: Uint8Array): Promise<void>

  /** Drops replies older than this time (milliseconds since 1970). Resolves to how many. */
  prune(before: number): Promise<number>

  /** Names of stored rooms after `after`, in the order of their UTF-8 bytes, at most `limit`. */
  rooms(after: string, limit: number): Promise<string[]>

  /** Commits what was handed in, and closes. Calls made later reject with `LogClosed`. */
  close(): Promise<void>
}

/** One atomic step of a room: a change of its document, the reply of the event that made it, or both. */
export interface LogEntry {
  /** Yjs update, encoding version 1. */
  readonly update?: Uint8Array
  readonly reply?: StoredReply
}

export interface StoredReply {
  readonly eventId: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly outcome: Outcome
}

export interface StoredRoom {
  readonly snapshot: Uint8Array | null
  /** Updates after the snapshot, oldest first. */
  readonly updates: readonly Uint8Array[]
  /** Position of the last entry; 0 for an empty room. */
  readonly position: number
  /** Rows whose checksum or shape is wrong: they are skipped, reported and kept. */
  readonly corrupt: readonly CorruptRow[]
}

export interface CorruptRow {
  readonly room: string
  readonly position: number
  readonly part: 'snapshot' | 'entry'
  readonly reason: string
}

export interface Appended {
  /** Position of the last entry appended. */
  readonly position: number
}

/**
 * The log will never take this append: another owner has the room, an event id is stored already, or the room's last
 * entry is not where the append expects it.
 */
export class AppendRefused extends Error {
  readonly reason: 'fenced' | 'duplicate-event' | 'misplaced'

  constructor(reason: AppendRefused['reason'], message: string) {
    super(message)
    this.name = 'AppendRefused'
    this.reason = reason
  }

  static misplaced(room: string, after: number, position: number): AppendRefused {
    return new AppendRefused('misplaced', `Room ${room} is at position ${position}, not at ${after}`)
  }

  static duplicate(room: string, eventId: string): AppendRefused {
    return new AppendRefused('duplicate-event', `Room ${room} has a reply to event ${eventId} already`)
  }
}

export class LogClosed extends Error {
  constructor() {
    super('The log is closed')
    this.name = 'LogClosed'
  }
}

/** Throws on a name that UTF-8 cannot hold: two such names could become one. */
export function assertRoomName(room: string): void {
  if (!room.isWellFormed()) throw new TypeError('A room name must be well-formed Unicode')
}
