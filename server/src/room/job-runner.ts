import { InterplayError, validate } from '@interplay/shared'
import type { JobContext } from '../events/context.ts'
import type { TaskEffect } from '../events/effects.ts'
import type { AnyJob } from '../events/implement.ts'
import { type Context, describe } from '../events/run.ts'
import { when } from '../events/when.ts'
import { isSkipped, nextRun } from '../jobs/cron.ts'
import { backoffMs, type JobTask, jobIdOf, writeTask } from '../jobs/task.ts'
import type { DueTask, StoredTask, TaskChange } from '../log/log.ts'
import type { JobRecord, JobRoom } from './job-room.ts'
import { JobRun } from './job-run.ts'
import type { JobStatuses } from './job-statuses.ts'
import { type PendingChanges, taskIdOf } from './pending-changes.ts'

export interface JobRunnerParts {
  readonly room: JobRoom
  readonly statuses: JobStatuses
  readonly changes: PendingChanges
  /** Hands changes to the log. Resolves once they are durable; rejects when the room closes. */
  record(tasks: readonly TaskChange[], record?: JobRecord): Promise<void>
}

/** Runs jobs: makes one attempt, and records how it leaves the task. */
export class JobRunner {
  readonly #room: JobRoom
  readonly #parts: JobRunnerParts
  readonly #runs = new Map<string, JobRun>()
  /** What a run asked for in a step of its own. */
  readonly #steps = new WeakMap<readonly TaskEffect[], JobRun>()
  /** Changes that a run made of its own task. */
  readonly #own = new WeakSet<TaskChange>()
  #closing: InterplayError | null = null

  constructor(parts: JobRunnerParts) {
    this.#room = parts.room
    this.#parts = parts
  }

  isRunning(taskId: string): boolean {
    return this.#runs.has(taskId)
  }

  /**
   * A change has its place in the order of the log: the end of a run of its task comes too late to be recorded, and what such a
   * run does comes too late unless it made the change itself, in a step with these effects.
   */
  pushed(change: TaskChange, effects: readonly TaskEffect[] | null): void {
    const run = this.#runs.get(taskIdOf(change))
    if (!run) return
    run.isReplaced = true
    if (effects && run === this.#steps.get(effects)) this.#own.add(change)
    else run.refuse(cancelled())
  }

  /** A change is durable. Returns whether others made it: then what runs is aborted. */
  landed(change: TaskChange): boolean {
    if (this.#own.has(change)) return false
    this.#runs.get(taskIdOf(change))?.end(cancelled())
    return true
  }

  /** Tells what runs to end. */
  interrupt(error: InterplayError): void {
    this.#closing = error
    for (const run of this.#runs.values()) run.interrupt(error)
  }

  /** Nothing that runs takes effect any more. */
  close(error: InterplayError): void {
    this.#closing = error
    for (const run of this.#runs.values()) {
      run.isInterrupted = true
      run.end(error)
    }
  }

  /** Makes one attempt. Resolves once its end is durable; rejects if it has to be made again as it was. */
  async run(due: DueTask, task: JobTask): Promise<void> {
    const { name } = task
    const implementation = this.#room.implementation()
    const job = implementation?.code.jobs.get(name)
    if (!job) return this.#bury(due, task, `This server has no code for the job '${name}'.`)
    if (isSkipped(task, this.#room.clock())) return this.#parts.record([this.#next(due, task)])
    const attempt = task.failures + 1
    const id = jobIdOf(due.id)
    const run = new JobRun()
    this.#runs.set(due.id, run)
    this.#parts.statuses.set({ id, name, at: 'running', attempt })
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
    this.#parts.statuses.set({ id, name, at: 'done', attempt })
  }

  /** Its task is another's now, or one that it made itself. */
  async #endReplaced(due: DueTask, record: JobRecord, thrown: unknown): Promise<void> {
    const status = this.#parts.statuses.get(record.id)
    await this.#parts.changes.durable(due.id)
    if (status?.at !== 'running') return
    const { id, name, attempt } = record
    this.#parts.statuses.set(
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
    this.#parts.statuses.set({ id, name, at: isLast ? 'failed' : 'waiting', attempt, error })
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
  #bury({ id }: StoredTask, task: JobTask, error: string): Promise<void> {
    const { name, logger, metrics } = this.#room
    logger.error({ room: name, task: id, error }, 'a task is dead')
    metrics.tasks.inc({ kind: 'job', outcome: 'dead' })
    return this.#parts.record([{ put: writeTask(id, null, { ...task, error, dead: true }) }])
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
        this.#parts.statuses.progress(id, progress)
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

  #recordOwn(change: TaskChange, record: JobRecord): Promise<void> {
    this.#own.add(change)
    return this.#parts.record([change], record)
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
