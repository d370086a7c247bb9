import type { Ran } from '../events/run.ts'
import type { LiveValues } from '../live/live-values.ts'
import type { LogEntry, TaskChange } from '../log/log.ts'
import type { Broadcast } from './broadcast.ts'
import type { Forks } from './forks.ts'
import type { Members } from './members.ts'
import type { RoomJobs } from './room-jobs.ts'
import type { Writer } from './writer.ts'

/** What an entry holds beside what its code did. */
export type EntryParts = Pick<LogEntry, 'reply' | 'journal' | 'reacted' | 'by'> & {
  readonly tasks?: readonly TaskChange[]
}

export interface RecorderRoom {
  readonly broadcast: Broadcast
  readonly writer: Writer
  readonly forks: Forks
  readonly members: Members
  readonly jobs: RoomJobs
  readonly live: LiveValues
  /** These changes of tasks have become durable. */
  readonly tasksChanged: (changes: readonly TaskChange[]) => void
}

/**
 * Makes what code did take effect: one entry of the log, and once that is durable its change in the document, its signals,
 * its tasks and, behind them all, whoever waits for it.
 */
export class Recorder {
  readonly #room: RecorderRoom
  /** What happens once the changes of this commit are in the document. */
  #settled: (() => void)[] = []
  /** Events on their way to the log that have signals to send then. */
  #signalling = 0

  constructor(room: RecorderRoom) {
    this.#room = room
  }

  /** Whether something is on its way that others will see: what runs now must not be seen before it. */
  get isAhead(): boolean {
    return this.#signalling > 0 || this.#room.forks.isAhead || this.#room.live.isAhead
  }

  /** `userId` is who sends what goes to other rooms. */
  record(ran: Ran, parts: EntryParts, userId: string, settled: () => void): void {
    const { writer, forks, jobs, live } = this.#room
    const { change } = ran
    if (change) forks.ahead(change)
    const landing = ran.live && live.commit(ran.live)
    const asked = ran.tasks.length > 0 ? jobs.changes(ran.tasks, writer.position + 1, userId) : []
    const tasks = parts.tasks ? [...asked, ...parts.tasks] : asked
    const entry = { ...parts, ...(change && { update: change }), ...(tasks.length > 0 && { tasks }) }
    const isEmpty = !change && tasks.length === 0 && !parts.reply && !parts.journal && !parts.reacted
    const takeEffect = () => {
      this.#takeEffect(ran, tasks)
      settled()
    }
    // What leaves nothing to store has its place behind what is on its way, and no entry.
    if (isEmpty && writer.unsaved === 0) {
      if (landing) live.land(landing)
      live.flush(true)
      return takeEffect()
    }
    if (ran.signals.length > 0) this.#signalling += 1
    const sequence = isEmpty ? writer.sequence : writer.push(entry)
    const { position } = writer
    writer.whenDurable(sequence, () => {
      if (change) forks.durable(change, position, parts.by ?? null)
      if (landing) live.land(landing)
      this.#settled.push(() => {
        if (ran.signals.length > 0) this.#signalling -= 1
        takeEffect()
      })
    })
  }

  /** Lets what code did be seen before its entry is durable, and records it. Only where nothing is ahead. */
  recordLater(ran: Ran, parts: EntryParts, userId: string): void {
    const { writer, forks, jobs, broadcast, live } = this.#room
    const { change } = ran
    if (change) {
      forks.ahead(change)
      forks.durable(change, writer.position + 1, parts.by ?? null)
      forks.land()
      broadcast.now()
    }
    if (ran.live) {
      live.land(live.commit(ran.live))
      live.flush()
    }
    const tasks = ran.tasks.length > 0 ? jobs.changes(ran.tasks, writer.position + 1, userId) : []
    if (change || tasks.length > 0)
      writer.push({ ...parts, ...(change && { update: change }), ...(tasks.length > 0 && { tasks }) })
    if (tasks.length > 0)
      writer.whenDurable(writer.sequence, () => this.#settled.push(() => this.#announce(tasks)))
    for (const signal of ran.signals) this.#room.members.signal(signal)
  }

  /** A commit is durable. Changes reach everybody before the signals and replies that tell of them. */
  appended(): void {
    const { forks, broadcast, live } = this.#room
    if (forks.land() || this.#settled.length > 0) broadcast.now()
    live.flush(true)
    const settled = this.#settled
    this.#settled = []
    for (const settle of settled) settle()
  }

  #takeEffect(ran: Ran, tasks: readonly TaskChange[]): void {
    for (const signal of ran.signals) this.#room.members.signal(signal)
    if (tasks.length > 0) this.#announce(tasks)
  }

  #announce(tasks: readonly TaskChange[]): void {
    this.#room.jobs.changed(tasks)
    this.#room.tasksChanged(tasks)
  }
}
