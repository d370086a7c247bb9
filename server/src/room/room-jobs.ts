import { InterplayError } from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'
import type { TaskEffect } from '../events/effects.ts'
import { isJobTask, type JobTask, jobIdOf, type QueuedTask, readTask, writeTask } from '../jobs/task.ts'
import type { DueTask, TaskChange } from '../log/log.ts'
import type { JobRecord, JobRoom } from './job-room.ts'
import { JobRunner } from './job-runner.ts'
import { JobStatuses } from './job-statuses.ts'
import { notedSend } from './noted-send.ts'
import { Outbox } from './outbox.ts'
import { PendingChanges, taskIdOf } from './pending-changes.ts'
import { TaskDesk } from './task-desk.ts'

/** The work that a room owes: how what code asks for becomes tasks, and how tasks are done. */
export class RoomJobs {
  readonly statuses: JobStatuses
  /** For operators. */
  readonly desk: TaskDesk
  readonly #room: JobRoom
  readonly #outbox: Outbox
  readonly #runner: JobRunner
  readonly #changes = new PendingChanges()
  #closing: InterplayError | null = null

  constructor(room: JobRoom) {
    const { name, log, clock, tell } = room
    const changes = this.#changes
    const record = (tasks: readonly TaskChange[], job?: JobRecord) => this.#record(tasks, job)
    this.#room = room
    this.statuses = new JobStatuses(tell)
    this.#outbox = new Outbox({ name, log, clock, changes, record, send: notedSend(room) })
    this.#runner = new JobRunner({ room, statuses: this.statuses, changes, record })
    this.desk = new TaskDesk({
      name,
      log,
      clock,
      changes,
      outbox: this.#outbox,
      record,
      isRunning: (taskId) => this.#runner.isRunning(taskId),
    })
  }

  /** What the entry at this position holds for what its code asked for. */
  changes(effects: readonly TaskEffect[], position: number, userId: string): TaskChange[] {
    const now = this.#room.clock()
    const changes = effects.flatMap((effect, index) => this.#changesOf(effect, position, index, userId, now))
    for (const change of changes) this.#pushed(change, effects)
    return changes
  }

  /** These changes are durable: what runs under an id that others replaced or dropped is aborted. */
  changed(changes: readonly TaskChange[]): void {
    for (const change of changes) {
      this.#changes.landed(change)
      const taskId = taskIdOf(change)
      if (!this.#runner.landed(change) || !isJobTask(taskId)) continue
      const status = this.statuses.get(jobIdOf(taskId))
      if (!status) continue
      if ('drop' in change) {
        const { id, name, attempt } = status
        this.statuses.set({ id, name, at: 'cancelled', attempt })
        continue
      }
      const { name, failures, error, dead } = readTask(change.put) as JobTask
      const told = { id: status.id, name, attempt: failures + 1, ...(error !== undefined && { error }) }
      this.statuses.set({ ...told, at: dead ? 'failed' : 'waiting' })
    }
  }

  /** Does what is due. Resolves once the log has it otherwise; rejects if that cannot be said now: it is due again then. */
  async run(due: DueTask): Promise<void> {
    if (this.#closing) throw this.#closing
    const pending = this.#changes.durable(due.id)
    if (pending) return pending
    const task = readTask(due)
    switch (task.kind) {
      case 'job':
        return this.#runner.run(due, task)
      case 'queue':
        return this.#outbox.run(task.target)
      default:
        return this.#record(this.#outbox.again(due.id, task))
    }
  }

  /** Begins nothing more, and tells what runs to end. It goes on where the room is opened next. */
  interrupt(): void {
    this.#closing = new InterplayError('unavailable', 'The server is closing.')
    this.#outbox.stop()
    this.#runner.interrupt(this.#closing)
  }

  /** The room has closed: nothing takes effect any more. */
  close(error: InterplayError): void {
    this.#closing = error
    this.#outbox.stop()
    this.#changes.close(error)
    this.statuses.close()
    this.#runner.close(error)
  }

  #changesOf(
    effect: TaskEffect,
    position: number,
    index: number,
    userId: string,
    at: number,
  ): readonly TaskChange[] {
    const queued = (task: QueuedTask) => this.#outbox.add(task, position, index)
    switch (effect.do) {
      case 'put':
        return [{ put: writeTask(effect.id, effect.due, effect.task) }]
      case 'drop':
        return [{ drop: effect.id }]
      case 'send': {
        const { room, event, input } = effect
        const eventId = newEventId(at)
        return queued({ kind: 'event', room, event, input, eventId, userId, at, failures: 0 })
      }
      case 'deliver': {
        const { endpoint, type, data } = effect
        const deliveryId = newEventId(at)
        return queued({ kind: 'delivery', endpoint, type, data, deliveryId, at, failures: 0 })
      }
    }
  }

  #record(tasks: readonly TaskChange[], job?: JobRecord): Promise<void> {
    for (const change of tasks) this.#pushed(change)
    return this.#room.record(tasks, job)
  }

  /** `effects` are what the code asked for that made the change. */
  #pushed(change: TaskChange, effects: readonly TaskEffect[] | null = null): void {
    this.#changes.pushed(change)
    this.#runner.pushed(change, effects)
  }
}
