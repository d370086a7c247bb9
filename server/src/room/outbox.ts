import { InterplayError } from '@interplay/shared'
import {
  type QueuedTask,
  queuedPrefix,
  queuedTaskId,
  queueTaskId,
  readTask,
  revived,
  targetOf,
  writeTask,
} from '../jobs/task.ts'
import type { StoredTask, TaskChange, UpdateLog } from '../log/log.ts'
import type { PendingChanges } from './pending-changes.ts'

/** What became of an attempt. A task that comes back has its failure in it. */
export type Sent =
  | { readonly at: 'sent' }
  | { readonly at: 'retry'; readonly task: QueuedTask; readonly notBefore: number }
  | { readonly at: 'dead'; readonly task: QueuedTask }

export interface OutboxRoom {
  readonly name: string
  readonly log: UpdateLog
  readonly clock: () => number
  readonly changes: PendingChanges
  /** Hands changes to the log. Resolves once they are durable; rejects when the room closes. */
  record(tasks: readonly TaskChange[]): Promise<void>
  /** Makes one attempt. Never rejects. */
  send(task: QueuedTask): Promise<Sent>
}

/** Tasks that one look for the next may read. */
const pageSize = 20
/** They wait behind others, for as long as it takes. */
const inTurn = Number.POSITIVE_INFINITY

/**
 * What leaves a room in order: events for other rooms and webhooks, a queue for each target. The tasks of a queue have no
 * time of their own; the queue is a task too, due when its first is. A failure holds up what is behind it until it is over,
 * and one that is dead holds up nothing.
 */
export class Outbox {
  readonly #room: OutboxRoom
  /** By target: everything up to this id is dead, and need not be looked at. */
  readonly #dead = new Map<string, string>()
  /** By target: when what failed is tried again. */
  readonly #notBefore = new Map<string, number>()
  #stopped = false

  constructor(room: OutboxRoom) {
    this.#room = room
  }

  /** What the entry at this position holds for what is queued by it. */
  add(task: QueuedTask, position: number, index: number): TaskChange[] {
    const target = targetOf(task)
    const due = Math.max(this.#room.clock(), this.#notBefore.get(target) ?? 0)
    const id = queuedTaskId(target, position, index)
    return [{ put: writeTask(id, inTurn, task) }, this.#turn(target, due)]
  }

  /** Puts a task back into its queue, at its place, to be tried at once. */
  again(id: string, task: QueuedTask): TaskChange[] {
    const target = targetOf(task)
    this.#dead.delete(target)
    this.#notBefore.delete(target)
    return [{ put: writeTask(id, inTurn, revived(task)) }, this.#turn(target, this.#room.clock())]
  }

  /** Takes a task out of its queue: what is behind it need not wait any longer. */
  without(id: string, task: QueuedTask): TaskChange[] {
    const target = targetOf(task)
    this.#notBefore.delete(target)
    return [{ drop: id }, this.#turn(target, this.#room.clock())]
  }

  /** Sends what waits for a target, one after the other, until nothing does or one has to wait. */
  async run(target: string): Promise<void> {
    const { changes, clock, record } = this.#room
    const queueId = queueTaskId(target)
    const queue = changes.watch((id) => id === queueId)
    try {
      for (;;) {
        if (this.#stopped) throw new InterplayError('unavailable', 'The server is closing.')
        const notBefore = await this.#sendFirst(target)
        if (notBefore === 'empty') {
          // What was added meanwhile may not have been seen; it brought the next turn with it.
          const another = queue.has(queueId)
          if (!another) return await record([{ drop: queueId }])
          return await (changes.durable(queueId) ?? undefined)
        }
        if (notBefore > clock()) {
          this.#notBefore.set(target, notBefore)
          return await record([this.#turn(target, notBefore)])
        }
      }
    } finally {
      queue.stop()
    }
  }

  /** Begins nothing more: it goes on where the room is opened next. */
  stop(): void {
    this.#stopped = true
  }

  #turn(target: string, due: number): TaskChange {
    return { put: writeTask(queueTaskId(target), due, { kind: 'queue', target, failures: 0 }) }
  }

  /** Resolves to when its queue goes on: 0 for at once. */
  async #sendFirst(target: string): Promise<number | 'empty'> {
    const { changes, clock, record, send } = this.#room
    const prefix = queuedPrefix(target)
    const watch = changes.watch((id) => id.startsWith(prefix))
    try {
      const first = await this.#first(target, prefix)
      if (!first) return 'empty'
      const { id } = first
      const pending = changes.durable(id)
      if (pending) {
        await pending
        return 0
      }
      if (watch.has(id)) return 0
      const task = readTask(first) as QueuedTask
      if (task.notBefore !== undefined && task.notBefore > clock()) return task.notBefore
      const sent = await send(task)
      // Somebody ended it or put it back meanwhile: that stands.
      if (watch.has(id) && sent.at !== 'sent') return 0
      this.#notBefore.delete(target)
      switch (sent.at) {
        case 'sent':
          await record([{ drop: id }])
          return 0
        case 'dead':
          await record([{ put: writeTask(id, null, { ...sent.task, dead: true }) }])
          return 0
        case 'retry': {
          const { notBefore } = sent
          await record([{ put: writeTask(id, inTurn, { ...sent.task, notBefore }) }])
          return notBefore
        }
      }
    } finally {
      watch.stop()
    }
  }

  /** The first task of a queue that is not dead. */
  async #first(target: string, prefix: string): Promise<StoredTask | null> {
    let after = this.#dead.get(target) ?? prefix
    for (;;) {
      const page = await this.#room.log.tasks(this.#room.name, after, pageSize)
      for (const stored of page) {
        if (!stored.id.startsWith(prefix)) return null
        if (!readTask(stored).dead) return stored
        after = stored.id
        this.#dead.set(target, after)
      }
      if (page.length < pageSize) return null
    }
  }
}
