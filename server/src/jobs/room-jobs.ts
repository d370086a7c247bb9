import { InterplayError, validate } from '@interplay/shared'
import { type JobStatus, newEventId, type Outcome } from '@interplay/shared/protocol'
import type { Actor, JobContext } from '../events/context.ts'
import { Deadline } from '../events/deadline.ts'
import type { TaskEffect } from '../events/effects.ts'
import type { AnyImplementation } from '../events/implement.ts'
import type { DueTask, StoredTask, TaskChange } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import { isSkipped, nextRun } from './cron.ts'
import {
  backoffMs,
  type EventTask,
  eventPrefix,
  type JobTask,
  jobPrefix,
  ordered,
  readTask,
  type Task,
  writeTask,
} from './task.ts'
import type { WebhookQueues } from './webhook-queues.ts'

/** What jobs need of their room. */
export interface JobRoom {
  readonly name: string
  readonly implementation: AnyImplementation | null
  readonly params: unknown
  readonly logger: Logger
  readonly clock: () => number
  /** Runs a step in the room's inbox. Resolves once it is durable. */
  change(step: (context: never) => unknown): Promise<unknown>
  /** Hands changes of tasks to the log. Resolves once they are durable. */
  record(tasks: readonly TaskChange[], journal?: JobRecord): Promise<void>
  /** Dispatches an event to any room. */
  dispatch(room: string, id: string, event: string, input: unknown, actor: Actor): Promise<Outcome>
  /** Tells the clients in the room. */
  tell(job: JobStatus): void
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

interface Running {
  readonly controller: AbortController
  /** Somebody replaced or cancelled the task: its end is not this run's to record. */
  superseded: boolean
}

const eventRetry = { attempts: 20, backoffMs: 500 }

/** The work that a room owes: how what handlers ask for becomes tasks, and how tasks are done. */
export class RoomJobs {
  readonly #room: JobRoom
  readonly #queues: WebhookQueues
  readonly #running = new Map<string, Running>()
  readonly #statuses = new Map<string, JobStatus>()
  readonly #counts = new Map<string, number>()
  #events: Promise<unknown> = Promise.resolve()

  constructor(room: JobRoom, queues: WebhookQueues) {
    this.#room = room
    this.#queues = queues
  }

  /** Jobs that run, or that failed and will run again. */
  get statuses(): IterableIterator<JobStatus> {
    return this.#statuses.values()
  }

  /** What the entry at this position holds for what its code asked for. */
  changes(effects: readonly TaskEffect[], position: number, userId: string): TaskChange[] {
    const now = this.#room.clock()
    const change = (effect: TaskEffect, index: number): TaskChange[] => {
      switch (effect.do) {
        case 'put':
          return [{ put: writeTask(effect.id, effect.due, effect.task) }]
        case 'drop':
          return [{ drop: effect.id }]
        case 'send': {
          const { room, event, input } = effect
          const id = eventPrefix + ordered(position, index)
          const eventId = newEventId(now)
          return [
            { put: writeTask(id, now, { kind: 'event', room, event, input, eventId, userId, failures: 0 }) },
          ]
        }
        case 'deliver':
          return this.#queues.add(effect, position, index, now)
      }
    }
    return effects.flatMap(change)
  }

  /** These changes are durable: what runs under an id that was replaced or dropped is aborted. */
  changed(changes: readonly TaskChange[]): void {
    for (const change of changes) {
      const id = 'put' in change ? change.put.id : change.drop
      const running = this.#running.get(id)
      if (running) {
        running.superseded = true
        running.controller.abort(new InterplayError('cancelled', 'The job was cancelled or replaced.'))
      }
      const status = this.#statuses.get(id)
      if (status && 'drop' in change) this.#tell(id, { ...status, at: 'cancelled' })
    }
  }

  /** Does what is due. Resolves once its end is durable; rejects if that cannot be said now: it is due again then. */
  async run(due: DueTask): Promise<void> {
    const task = readTask(due)
    switch (task.kind) {
      case 'job':
        return this.#runJob(due, task)
      case 'event': {
        // In the order in which they were sent, as long as none has to wait.
        const sent = this.#events.then(() => this.#sendEvent(due, task))
        this.#events = sent.catch(() => {})
        return sent
      }
      case 'queue':
        return this.#queues.run(task.endpoint)
      case 'delivery':
        return this.#room.record([{ put: { ...due, due: null } }, this.#queues.turn(task.endpoint)])
    }
  }

  /** Aborts what runs: the room closes. It is due again where the room is opened next. */
  close(): void {
    const error = new InterplayError('unavailable', 'The server is closing.')
    for (const running of this.#running.values()) {
      running.superseded = true
      running.controller.abort(error)
    }
    this.#queues.close()
  }

  async #runJob(due: DueTask, task: JobTask): Promise<void> {
    const { name } = task
    const job = this.#room.implementation?.code.jobs.get(name)
    if (!job) return this.#bury(due, task, `This server has no code for the job '${name}'.`)
    if (isSkipped(task, this.#room.clock())) return this.#room.record([this.#next(due, task)])
    const active = this.#counts.get(name) ?? 0
    if (active >= job.concurrency) throw new Busy()
    this.#counts.set(name, active + 1)
    try {
      await this.#attempt(due, task, job.timeoutMs, job.handle)
    } finally {
      this.#counts.set(name, (this.#counts.get(name) ?? 1) - 1)
    }
  }

  async #attempt(
    due: DueTask,
    task: JobTask,
    timeoutMs: number,
    handle: (context: JobContext<never, unknown>) => unknown,
  ): Promise<void> {
    const { name } = task
    const attempt = task.failures + 1
    const id = due.id.slice(jobPrefix.length)
    const running: Running = { controller: new AbortController(), superseded: false }
    this.#running.set(due.id, running)
    this.#tell(due.id, { id, name, at: 'running', attempt })
    const startedAt = performance.now()
    const deadline = new Deadline(timeoutMs, `The job '${name}'`)
    deadline.signal.addEventListener('abort', () => running.controller.abort(deadline.signal.reason))
    let error: unknown = null
    try {
      const schema = this.#room.implementation!.definition.jobs[name]
      const input = await validate(schema, task.input)
      await deadline.hold(Promise.resolve(handle(this.#context(due.id, task, input, running))))
    } catch (thrown) {
      error = thrown ?? new Error('The job failed without a reason.')
    }
    deadline.end()
    this.#running.delete(due.id)
    if (running.superseded) return
    const durationMs = performance.now() - startedAt
    const record = { id, name, input: task.input, attempt, durationMs }
    if (error === null) {
      await this.#room.record([this.#next(due, task)], record)
      return this.#tell(due.id, { id, name, at: 'done', attempt })
    }
    await this.#failed(due, task, record, error)
  }

  async #failed(due: DueTask, task: JobTask, record: JobRecord, thrown: unknown): Promise<void> {
    const error = thrown instanceof Error ? thrown.message : String(thrown)
    const failures = task.failures + 1
    const { id, name, attempt } = record
    const isLast = failures >= task.retry.attempts
    this.#room.logger.warn({ room: this.#room.name, job: name, id, attempt, error }, 'a job failed')
    const failed = { ...task, failures, error }
    const again = this.#room.clock() + backoffMs(failures, task.retry)
    const change: TaskChange = !isLast
      ? { put: writeTask(due.id, again, failed) }
      : task.cron
        ? this.#next(due, task, error)
        : { put: writeTask(due.id, null, { ...failed, dead: true }) }
    await this.#room.record([change], { ...record, error })
    this.#tell(due.id, { id, name, at: isLast ? 'failed' : 'waiting', attempt, error })
  }

  /** How a run that ended well leaves its task: gone, or set to the rule's next time. */
  #next({ id }: StoredTask, task: JobTask, error?: string): TaskChange {
    if (!task.cron) return { drop: id }
    const due = nextRun(task.cron, Math.max(task.plannedAt, this.#room.clock()))
    const { error: _, ...rest } = task
    return { put: writeTask(id, due, { ...rest, failures: 0, plannedAt: due, ...(error && { error }) }) }
  }

  /** A task that no attempt will help: it stays, for a person to see. */
  #bury({ id }: StoredTask, task: Task, error: string): Promise<void> {
    this.#room.logger.error({ room: this.#room.name, task: id, error }, 'a task is dead')
    return this.#room.record([{ put: writeTask(id, null, { ...task, error, dead: true }) }])
  }

  async #sendEvent(due: DueTask, task: EventTask): Promise<void> {
    const { room, event, input, eventId, userId } = task
    const outcome = await this.#room
      .dispatch(room, eventId, event, input, { userId })
      .catch((error: unknown): Outcome => {
        const { code, message } =
          error instanceof InterplayError ? error : new InterplayError('unavailable', String(error))
        return { ok: false, error: { code, message } }
      })
    if (outcome.ok) return this.#room.record([{ drop: due.id }])
    const { code, message } = outcome.error
    const failures = task.failures + 1
    if (new InterplayError(code, message).retry && failures < eventRetry.attempts) {
      const again = this.#room.clock() + backoffMs(failures, eventRetry)
      return this.#room.record([{ put: writeTask(due.id, again, { ...task, failures, error: message }) }])
    }
    return this.#bury(due, { ...task, failures }, `${code}: ${message}`)
  }

  #context(taskId: string, task: JobTask, input: unknown, running: Running): JobContext<never, unknown> {
    const room = this.#room
    const id = taskId.slice(jobPrefix.length)
    return {
      id,
      input,
      attempt: task.failures + 1,
      plannedAt: task.plannedAt,
      room: room.name,
      params: room.params as never,
      logger: room.logger,
      abortSignal: running.controller.signal,
      change: (step) => {
        if (running.superseded) return Promise.reject(running.controller.signal.reason)
        return room.change(step as never) as never
      },
      progress: (progress) => {
        const status = this.#statuses.get(taskId)
        if (status?.at === 'running') this.#tell(taskId, { ...status, progress })
      },
    }
  }

  #tell(taskId: string, status: JobStatus): void {
    const isOver = status.at === 'done' || status.at === 'cancelled'
    if (isOver) this.#statuses.delete(taskId)
    else this.#statuses.set(taskId, status)
    this.#room.tell(status)
  }
}

/** As many jobs of this name run as may: it is tried again soon. */
export class Busy extends Error {}
