import { InterplayError } from '@interplay/shared'
import { type JobTask, justBefore, type QueuedTask, readTask, revived, writeTask } from '../jobs/task.ts'
import type { TaskChange, UpdateLog } from '../log/log.ts'
import { livePrefix } from './live-snapshot.ts'
import type { Outbox } from './outbox.ts'
import type { PendingChanges } from './pending-changes.ts'

export interface DeskRoom {
  readonly name: string
  readonly log: UpdateLog
  readonly clock: () => number
  readonly changes: PendingChanges
  readonly outbox: Outbox
  record(tasks: readonly TaskChange[]): Promise<void>
  isRunning(taskId: string): boolean
}

/** Where an operator sees what a room owes, tries again what failed, and takes away what is not wanted. */
export class TaskDesk {
  readonly #room: DeskRoom

  constructor(room: DeskRoom) {
    this.#room = room
  }

  /** Makes a task that failed due now, with all its attempts. Resolves once that is durable. */
  retry(id: string): Promise<void> {
    const { outbox, clock, isRunning } = this.#room
    return this.#change(id, (task) => {
      if (isRunning(id)) throw new InterplayError('conflict', `'${id}' is running.`)
      if (!task.dead && task.failures === 0)
        throw new InterplayError('conflict', `'${id}' has not failed: it runs when it is due.`)
      if (task.kind !== 'job') return outbox.again(id, task)
      return [{ put: writeTask(id, clock(), revived(task)) }]
    })
  }

  /** Ends a task: a job that runs is aborted. Resolves once that is durable. */
  drop(id: string): Promise<void> {
    return this.#change(id, (task) =>
      task.kind === 'job' ? [{ drop: id }] : this.#room.outbox.without(id, task),
    )
  }

  /** Changes a task, in one turn with a look at how the log has it now. Rejects with `not-found`. */
  async #change(id: string, change: (task: JobTask | QueuedTask) => TaskChange[]): Promise<void> {
    const { name, log, changes, record } = this.#room
    const watch = changes.watch((changed) => changed === id)
    try {
      for (;;) {
        await changes.durable(id)
        watch.reset()
        const stored = isReadable(id) ? await log.tasks(name, justBefore(id), 1) : []
        if (watch.has(id) || changes.durable(id)) continue
        const found = stored.find((task) => task.id === id)
        const task = found && readTask(found)
        if (!task || task.kind === 'queue') throw new InterplayError('not-found', `No task '${id}' here.`)
        return await record(change(task))
      }
    } finally {
      watch.stop()
    }
  }
}

function isReadable(id: string): boolean {
  // Live values are stored as tasks are, and are none.
  return id !== '' && id.isWellFormed() && !id.startsWith(livePrefix)
}
