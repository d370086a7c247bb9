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
   * Replies, tasks and the journal stay. Does nothing when the stored snapshot is as new. Rows with a wrong checksum, the
   * old snapshot among them, are set aside and reported by every `load`. Rejects with a `RangeError` when the room has no
   * such position. `note` is kept with the snapshot, and comes back with it.
   */
  compact(room: string, position: number, snapshot: Uint8Array, note?: string): Promise<void>

  /** Drops replies and journal records older than these times (milliseconds since 1970). Resolves to how many. */
  prune(before: { readonly replies: number; readonly journal: number }): Promise<number>

  /**
   * Tasks of all rooms that are due until this time (milliseconds since 1970), the earliest first, at most `limit`. Those of
   * one time have an order too, the same at every call: `after` is the last one of the page before.
   */
  dueTasks(until: number, limit: number, after?: DuePlace): Promise<DueTask[]>

  /** How many tasks all rooms have: with a time, and without one. */
  countTasks(): Promise<TaskCounts>

  /** Tasks of a room, whatever their time, after `after` in the order of the UTF-8 bytes of their ids, at most `limit`. */
  tasks(room: string, after: string, limit: number): Promise<StoredTask[]>

  /** Journal records of a room behind the position `after`, oldest first, at most `limit`, of those that `match`. */
  journal(room: string, after: number, limit: number, match?: JournalMatch): Promise<JournalRow[]>

  /** Names of stored rooms after `after`, in the order of their UTF-8 bytes, at most `limit`. */
  rooms(after: string, limit: number): Promise<string[]>

  /** Commits what was handed in, and closes. Calls made later reject with `LogClosed`. */
  close(): Promise<void>
}

/** One atomic step of a room: a change of its document, and all that belongs to it. Every part may be missing. */
export interface LogEntry {
  /** Yjs update, encoding version 1. */
  readonly update?: Uint8Array
  /** Who made the update: a user id. */
  readonly by?: string
  /** The reply of the event that made this entry. */
  readonly reply?: StoredReply
  /** Tasks that it sets or ends, in order. */
  readonly tasks?: readonly TaskChange[]
  /** Reactions by name, and the position up to which each of them has now seen the room. */
  readonly reacted?: Readonly<Record<string, number>>
  readonly journal?: JournalRecord
}

/** Sets a task, in the place of one with the same id; or ends one, if it is there. */
export type TaskChange = { readonly put: StoredTask } | { readonly drop: string }

/** Work that a room owes: a job, an event for another room, a webhook. The log knows no more of it than its time. */
export interface StoredTask {
  /** Unique in its room. */
  readonly id: string
  /**
   * Milliseconds since 1970; `Infinity` for one that waits for its turn behind another, `null` for one that waits for a
   * person: neither is ever due.
   */
  readonly due: number | null
  /** JSON. */
  readonly content: string
}

export interface DueTask extends StoredTask {
  readonly room: string
  readonly due: number
}

/** A place among the tasks that are due. With an empty `room` and `id` it is before all that are due then. */
export type DuePlace = Pick<DueTask, 'due' | 'room' | 'id'>

export interface TaskCounts {
  readonly timed: number
  readonly untimed: number
}

/** What is remembered of an event beside its reply. */
export interface JournalRecord {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: string
  /** `ok` or an error code. */
  readonly outcome: string
  /** Everything else, as JSON. */
  readonly content: string
}

export interface JournalRow extends JournalRecord {
  readonly position: number
}

export interface JournalMatch {
  readonly event?: string
  readonly outcome?: string
}

export interface StoredReply {
  readonly eventId: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly outcome: Outcome
}

export interface StoredRoom {
  readonly snapshot: Uint8Array | null
  /** What was kept with the snapshot. */
  readonly note: string | null
  /** Updates after the snapshot, oldest first. */
  readonly updates: readonly StoredUpdate[]
  /** The position up to which each reaction has seen the room. */
  readonly reacted: Readonly<Record<string, number>>
  /** Position of the last entry; 0 for an empty room. */
  readonly position: number
  /** Rows whose checksum or shape is wrong: they are skipped, reported and kept. */
  readonly corrupt: readonly CorruptRow[]
}

export interface StoredUpdate {
  readonly position: number
  readonly update: Uint8Array
  /** Who made it; `null` where nobody was noted. */
  readonly by: string | null
}

export interface CorruptRow {
  readonly room: string
  /** 0 for a task, which has none. */
  readonly position: number
  readonly part: 'snapshot' | 'entry' | 'task' | 'reaction' | 'journal'
  /** Of a task or a reaction, where it is known. */
  readonly id?: string
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

/** The same for ids of tasks; and a task must not have a time that is none. */
export function assertTasks(entries: readonly LogEntry[]): void {
  for (const { tasks } of entries)
    if (tasks)
      for (const change of tasks) {
        const id = 'put' in change ? change.put.id : change.drop
        if (id === '' || !id.isWellFormed())
          throw new TypeError('The id of a task must be well-formed Unicode, and not empty')
        if ('put' in change && Number.isNaN(change.put.due))
          throw new TypeError(`The task ${id} is due at no time`)
      }
}
