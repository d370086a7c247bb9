import type { DueTask, TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import { DueLine } from './due-line.ts'
import { isQueueTask, type JobTask, readTask } from './task.ts'

export interface SchedulerOptions {
  readonly log: UpdateLog
  readonly logger: Logger
  readonly clock: () => number
  /** How many jobs of this name run at once in a room; `null` where there is no code for the room. */
  readonly concurrency: (room: string, job: string) => number | null
  /** Does a task, if it `isCurrent` still when its room is open. Resolves once its end is durable. */
  readonly run: (task: DueTask, isCurrent: () => boolean) => Promise<void>
}

/** Jobs that run at once, of all rooms. They may take minutes, and mostly wait for somebody else. */
const maxJobs = 256
/** Queues that are served at once: a receiver that hangs must not hold up jobs, nor a long job a webhook. */
const maxQueues = 128

/** Runs tasks when they are due. The log knows them all; here are those that run, and two alarms. */
export class Scheduler {
  readonly #lines: readonly DueLine[]

  constructor({ concurrency, ...options }: SchedulerOptions) {
    const jobs = new DueLine({
      ...options,
      limit: maxJobs,
      takes: ({ id }) => !isQueueTask(id),
      lane(task) {
        const job = jobName(task)
        const limit = concurrency(task.room, job)
        return limit === null ? null : { key: `${task.room}\n${job}`, limit }
      },
    })
    const queues = new DueLine({
      ...options,
      limit: maxQueues,
      takes: ({ id }) => isQueueTask(id),
      lane({ room, id }) {
        return concurrency(room, '') === null ? null : { key: `${room}\n${id}`, limit: 1 }
      },
    })
    this.#lines = [jobs, queues]
  }

  get running(): number {
    return this.#lines.reduce((sum, { running }) => sum + running, 0)
  }

  /** Rooms that have something to do, and no code. */
  get roomsWithoutCode(): number {
    return new Set(this.#lines.flatMap(({ unknown }) => [...unknown])).size
  }

  /** When the oldest task was due that waits for others to end; `Infinity` if none does. */
  get oldestDue(): number {
    return Math.min(...this.#lines.map(({ oldestDue }) => oldestDue))
  }

  start(): void {
    for (const line of this.#lines) line.start()
  }

  /** These changes of a room's tasks have become durable. */
  heard(room: string, changes: readonly TaskChange[]): void {
    for (const line of this.#lines) line.heard(room, changes)
  }

  /** The code of rooms was replaced. */
  codeChanged(): void {
    for (const line of this.#lines) line.renew()
  }

  /** Starts nothing more. Resolves once nothing runs: to end what does is its rooms' concern. */
  async stop(): Promise<void> {
    await Promise.all(this.#lines.map((line) => line.stop()))
  }
}

function jobName(task: DueTask): string {
  try {
    return (readTask(task) as JobTask).name ?? ''
  } catch {
    // Its room will say what is wrong with it.
    return ''
  }
}
