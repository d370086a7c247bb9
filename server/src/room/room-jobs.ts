import { InterplayError, validate } from '@interplay/shared'
import { type JobStatus, newEventId } from '@interplay/shared/protocol'
import type { JobContext } from '../events/context.ts'
import type { TaskEffect } from '../events/effects.ts'
import type { AnyImplementation, AnyJob } from '../events/implement.ts'
import { type Context, describe } from '../events/run.ts'
import { when } from '../events/when.ts'
import { isSkipped, nextRun } from '../jobs/cron.ts'
import {
  backoffMs,
  isJobTask,
  type JobTask,
  jobIdOf,
  type QueuedTask,
  readTask,
  type Task,
  writeTask,
} from '../jobs/task.ts'
import type { DueTask, StoredTask, TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import { JobRun } from './job-run.ts'
import { JobStatuses } from './job-statuses.ts'
import { Outbox, type Sent } from './outbox.ts'
import { PendingChanges, taskIdOf } from './pending-changes.ts'
import { TaskDesk } from './task-desk.ts'

/** What jobs need of their room. */
export interface JobRoom {
  readonly name: string
  readonly log: UpdateLog
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
  readonly params: () => unknown
  readonly implementation: () => AnyImplementation | null
  /** The live values; `change` runs a step. */
  readonly live: (change: (step: (context: never) => unknown) => Promise<unknown>) => object
  /** Runs a step in the room's inbox. Resolves once it is durable; rejects when the room closes. */
  readonly change: (step: (context: never) => unknown) => Promise<unknown>
  /** Hands changes of tasks to the log. Resolves once they are durable; rejects when the room closes. */
  readonly record: (tasks: readonly TaskChange[], journal?: JobRecord) => Promise<void>
  /** Makes one attempt to send something. Never rejects. */
  readonly send: (task: QueuedTask) => Promise<Sent>
  /** Tells the clients in the room. */
  readonly tell: (job: JobStatus) => void
}

/** What the journal notes of an attempt. */
export interface JobRecord {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly attempt: number
  readonly durationMs: number
  readonly error?: string
}

/** The work that a room owes: how what code asks for becomes tasks, and how tasks are done. */
export class RoomJobs {
  readonly statuses: JobStatuses
  /** For operators. */
  readonly desk: TaskDesk
  readonly #room: JobRoom
  readonly #outbox: Outbox
  readonly #changes = new PendingChanges()
  readonly #runs = new Map<string, JobRun>()
  /** What a run asked for in a step of its own. */
  readonly #steps = new WeakMap<readonly TaskEffect[], JobRun>()
  /** Changes that a run made of its own task. */
  readonly #own = new WeakSet<TaskChange>()
  #closing: InterplayError | null = null

  constructor(room: JobRoom) {
    const { name, log, clock } = room
    const record = (tasks: readonly TaskChange[]) => this.#record(tasks)
    this.#room = room
    this.statuses = new JobStatuses(room.tell)
    this.#outbox = new Outbox({ name, log, clock, changes: this.#changes, record, send: this.#send })
    this.desk = new TaskDesk({
      name,
      log,
      clock,
      changes: this.#changes,
      outbox: this.#outbox,
      record,
      isRunning: (taskId) => this.#runs.has(taskId),
    })
  }

  /** What the entry at this position holds for what its code asked for. */
  changes(effects: readonly TaskEffect[], position: number, userId: string): TaskChange[] {
    const now = this.#room.clock()
    const by = this.#steps.get(effects)
    const changes = effects.flatMap((effect, index) => this.#changesOf(effect, position, index, userId, now))
    for (const change of changes) this.#pushed(change, by)
    return changes
  }

  /** These changes are durable: what runs under an id that others replaced or dropped is aborted. */
  changed(changes: readonly TaskChange[]): void {
    for (const change of changes) {
      this.#changes.landed(change)
      const taskId = taskIdOf(change)
      if (this.#own.has(change) || !isJobTask(taskId)) continue
      this.#runs.get(taskId)?.end(cancelled())
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
        return this.#runJob(due, task)
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
    for (const run of this.#runs.values()) run.interrupt(this.#closing)
  }

  /** The room has closed: nothing takes effect any more. */
  close(error: InterplayError): void {
    this.#closing = error
    this.#outbox.stop()
    this.#changes.close(error)
    this.statuses.close()
    for (const run of this.#runs.values()) {
      run.isInterrupted = true
      run.end(error)
    }
  }

  #changesOf(
    effect: TaskEffect,
    position: number,
    index: number,
    userId: string,
    at: number,
  ): readonly TaskChange[] {
    switch (effect.do) {
      case 'put':
        return [{ put: writeTask(effect.id, effect.due, effect.task) }]
      case 'drop':
        return [{ drop: effect.id }]
      case 'send': {
        const { room, event, input } = effect
        const eventId = newEventId(at)
        return this.#outbox.add(
          { kind: 'event', room, event, input, eventId, userId, at, failures: 0 },
          position,
          index,
        )
      }
      case 'deliver': {
        const { endpoint, type, data } = effect
        const deliveryId = newEventId(at)
        return this.#outbox.add(
          { kind: 'delivery', endpoint, type, data, deliveryId, at, failures: 0 },
          position,
          index,
        )
      }
    }
  }

  async #runJob(due: DueTask, task: JobTask): Promise<void> {
    const { name } = task
    const implementation = this.#room.implementation()
    const job = implementation?.code.jobs.get(name)
    if (!job) return this.#bury(due, task, `This server has no code for the job '${name}'.`)
    if (isSkipped(task, this.#room.clock())) return this.#record([this.#next(due, task)])
    const attempt = task.failures + 1
    const id = jobIdOf(due.id)
    const run = new JobRun()
    this.#runs.set(due.id, run)
    this.statuses.set({ id, name, at: 'running', attempt })
    const startedAt = performance.now()
    let thrown: unknown = null
    try {
      const input = await validate(implementation!.definition.jobs[name], task.input)
      await run.attempt(name, job, this.#context(id, task, input, run))
    } catch (error) {
      thrown = error ?? new Error('The job failed without a reason.')
    }
    this.#runs.delete(due.id)
    const record = { id, name, input: task.input, attempt, durationMs: performance.now() - startedAt }
    if (thrown !== null && run.isInterrupted) throw this.#closing ?? thrown
    if (run.isReplaced) return this.#endReplaced(due, record, thrown)
    if (thrown !== null) return this.#failed(due, task, record, thrown)
    await this.#recordOwn(this.#next(due, task), record)
    this.#room.metrics.tasks.inc({ kind: 'job', outcome: 'ok' })
    this.statuses.set({ id, name, at: 'done', attempt })
  }

  /** Its task is another's now, or one that it made itself. */
  async #endReplaced(due: DueTask, record: JobRecord, thrown: unknown): Promise<void> {
    const status = this.statuses.get(record.id)
    await this.#changes.durable(due.id)
    if (status?.at !== 'running') return
    const { id, name, attempt } = record
    this.statuses.set(
      thrown === null
        ? { id, name, at: 'done', attempt }
        : { id, name, at: 'failed', attempt, error: messageOf(thrown) },
    )
  }

  async #failed(due: DueTask, task: JobTask, record: JobRecord, thrown: unknown): Promise<void> {
    const { clock, logger, metrics, name: room } = this.#room
    const { id, name, attempt } = record
    const error = messageOf(thrown)
    const failures = task.failures + 1
    const isLast = failures >= task.retry.attempts
    logger.warn({ room, job: name, id, attempt, error: describe(thrown) }, 'a job failed')
    const failed: JobTask = { ...task, failures, error }
    const change: TaskChange = !isLast
      ? { put: writeTask(due.id, clock() + backoffMs(failures, task.retry), failed) }
      : task.cron
        ? this.#next(due, task, error)
        : { put: writeTask(due.id, null, { ...failed, dead: true }) }
    await this.#recordOwn(change, { ...record, error })
    metrics.tasks.inc({ kind: 'job', outcome: 'failed' })
    if (isLast && !task.cron) metrics.tasks.inc({ kind: 'job', outcome: 'dead' })
    this.statuses.set({ id, name, at: isLast ? 'failed' : 'waiting', attempt, error })
  }

  /** How a run leaves its task: gone, or set to the rule's next time. */
  #next({ id }: StoredTask, task: JobTask, error?: string): TaskChange {
    if (!task.cron) return { drop: id }
    const { error: _, ...rest } = task
    const again = { ...rest, failures: 0, ...(error !== undefined && { error }) }
    try {
      const due = nextRun(task.cron, Math.max(task.plannedAt, this.#room.clock()))
      return due === null ? { drop: id } : { put: writeTask(id, due, { ...again, plannedAt: due }) }
    } catch (fault) {
      return { put: writeTask(id, null, { ...again, error: messageOf(fault), dead: true }) }
    }
  }

  /** A task that no attempt will help: it stays, for a person to see. */
  #bury({ id }: StoredTask, task: Task, error: string): Promise<void> {
    const { name, logger, metrics } = this.#room
    logger.error({ room: name, task: id, error }, 'a task is dead')
    metrics.tasks.inc({ kind: task.kind, outcome: 'dead' })
    return this.#record([{ put: writeTask(id, null, { ...task, error, dead: true }) }])
  }

  readonly #send = async (task: QueuedTask): Promise<Sent> => {
    const { name, logger, metrics, send } = this.#room
    const kind = task.kind === 'delivery' ? 'webhook' : task.kind
    const sent = await send(task)
    if (sent.at === 'sent') {
      metrics.tasks.inc({ kind, outcome: 'ok' })
      return sent
    }
    const { error, failures } = sent.task
    const isDead = sent.at === 'dead'
    metrics.tasks.inc({ kind, outcome: 'failed' })
    if (isDead) metrics.tasks.inc({ kind, outcome: 'dead' })
    const where = task.kind === 'event' ? { to: task.room, event: task.event } : { endpoint: task.endpoint }
    logger[isDead ? 'error' : 'warn'](
      { room: name, ...where, attempt: failures, error },
      `${task.kind === 'event' ? 'an event' : 'a webhook'} was not delivered${isDead ? ', and is dead' : ''}`,
    )
    return sent
  }

  /**
   * A change has its place in the order of the log: the end of a run of its task comes too late to be recorded, and what such a
   * run does comes too late unless it made the change itself.
   */
  #pushed(change: TaskChange, by?: JobRun): void {
    this.#changes.pushed(change)
    const run = this.#runs.get(taskIdOf(change))
    if (!run) return
    run.isReplaced = true
    if (run === by) this.#own.add(change)
    else run.refuse(cancelled())
  }

  #record(tasks: readonly TaskChange[], record?: JobRecord): Promise<void> {
    for (const change of tasks) this.#pushed(change)
    return this.#room.record(tasks, record)
  }

  #recordOwn(change: TaskChange, record: JobRecord): Promise<void> {
    this.#own.add(change)
    return this.#record([change], record)
  }

  #context(id: string, task: JobTask, input: unknown, run: JobRun): Parameters<AnyJob['handle']>[0] {
    const { name: room, logger, params } = this.#room
    const context: JobContext<never, unknown> = {
      id,
      input,
      attempt: task.failures + 1,
      plannedAt: task.plannedAt,
      room,
      params: params() as never,
      live: this.#room.live((step) => this.#change(run, step as (context: unknown) => unknown)) as never,
      logger,
      abortSignal: run.abortSignal,
      change: (step) => this.#change(run, step as (context: unknown) => unknown) as never,
      progress: (progress) => {
        run.assertGoing()
        this.statuses.progress(id, progress)
      },
    }
    return context as never
  }

  /** A step of a run. What it does to the run's own task does not end the run. */
  #change(run: JobRun, step: (context: unknown) => unknown): Promise<unknown> {
    const changed = this.#room.change((context: Context) => {
      run.assertGoing()
      return when(
        () => step(context),
        (output) => {
          const { tasks } = context.done
          if (tasks.length > 0) this.#steps.set(tasks, run)
          return output
        },
        rethrow,
      )
    })
    // A job that does not wait for a step must not end the process with it.
    changed.catch(() => {})
    return changed
  }
}

function cancelled(): InterplayError {
  return new InterplayError('cancelled', 'The job was cancelled or replaced.')
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

function rethrow(error: unknown): never {
  throw error
}
