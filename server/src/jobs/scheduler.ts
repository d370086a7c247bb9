import type { DueTask, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import { Busy } from './room-jobs.ts'

export interface SchedulerOptions {
  readonly log: UpdateLog
  readonly logger: Logger
  readonly clock: () => number
  /** Does a task; resolves once its end is durable. */
  readonly run: (task: DueTask) => Promise<void>
  /** Tasks that run at once, of all rooms. @default 64 */
  readonly concurrency?: number
}

/** A task whose end could not be recorded is left alone for a while. */
const firstRestMs = 100
const maxRestMs = 30_000

/** The longest that a timer can be set for. */
const maxTimerMs = 2 ** 31 - 1

/**
 * Runs tasks when they are due. The log knows the tasks; here is one timer, and the few that run. Starting asks for what is due
 * first, however many there are.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #limit: number
  readonly #running = new Set<string>()
  /** Tasks that could not be done just now, and for how long they rest. */
  readonly #resting = new Map<string, { until: number; ms: number }>()
  #wakeAt = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  #looking = false
  #lookAgain = false
  #stopped = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#limit = options.concurrency ?? 64
  }

  get running(): number {
    return this.#running.size
  }

  start(): void {
    this.heard(0)
  }

  /** A task that is due then has become durable. */
  heard(due: number): void {
    if (this.#looking) this.#lookAgain = true
    if (due >= this.#wakeAt || this.#stopped) return
    this.#setTimer(due)
  }

  /** Starts nothing more; what runs is the rooms' to end. */
  stop(): void {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
  }

  #setTimer(due: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#wakeAt = due
    if (due === Number.POSITIVE_INFINITY) return
    const ms = Math.max(0, Math.min(due - this.#options.clock(), maxTimerMs))
    this.#timer = setTimeout(() => void this.#look(), ms)
    this.#timer.unref()
  }

  /** Starts what is due, and sets the timer for what comes next. */
  async #look(): Promise<void> {
    if (this.#looking || this.#stopped) return
    this.#looking = true
    this.#lookAgain = false
    const { log, logger, clock } = this.#options
    let wakeAt = Number.POSITIVE_INFINITY
    try {
      // Those that run or rest are in the log still: one more than they are shows what comes behind them.
      const known = this.#running.size + this.#resting.size
      const tasks = await log.dueTasks(Number.MAX_SAFE_INTEGER, known + this.#limit + 1)
      const now = clock()
      for (const task of tasks) {
        const key = `${task.room}\n${task.id}`
        if (this.#running.has(key)) continue
        const at = Math.max(task.due, this.#resting.get(key)?.until ?? 0)
        if (at > now) wakeAt = Math.min(wakeAt, at)
        else if (this.#running.size < this.#limit) void this.#run(key, task)
      }
    } catch (error) {
      if (!this.#stopped) logger.warn({ error: String(error) }, 'due tasks could not be read')
      wakeAt = clock() + 1_000
    }
    this.#looking = false
    if (!this.#stopped) this.#setTimer(this.#lookAgain ? clock() : wakeAt)
  }

  async #run(key: string, task: DueTask): Promise<void> {
    this.#running.add(key)
    try {
      await this.#options.run(task)
      this.#resting.delete(key)
    } catch (error) {
      const ms = Math.min((this.#resting.get(key)?.ms ?? firstRestMs / 2) * 2, maxRestMs)
      this.#resting.set(key, { until: this.#options.clock() + ms, ms })
      if (!(error instanceof Busy) && !this.#stopped)
        this.#options.logger.warn(
          { room: task.room, task: task.id, error: String(error) },
          'a task has to wait',
        )
    }
    this.#running.delete(key)
    // It has a new time, or it is gone, or another may run in its place.
    if (this.#looking) this.#lookAgain = true
    else this.heard(0)
  }
}
