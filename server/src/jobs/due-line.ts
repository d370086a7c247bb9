import type { DuePlace, DueTask, TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import { Alarm } from './alarm.ts'
import { type LaneRule, Lanes } from './lanes.ts'
import { Resting } from './resting.ts'

export interface DueLineOptions {
  readonly log: UpdateLog
  readonly logger: Logger
  readonly clock: () => number
  /** Tasks of this line that run at once. */
  readonly limit: number
  /** Whether a task is one of this line. */
  readonly takes: (task: DueTask) => boolean
  /** The lane of a task; `null` where there is no code for its room. */
  readonly lane: (task: DueTask) => LaneRule | null
  /** Does a task, if it `isCurrent` still when its room is open. Resolves once its end is durable. */
  readonly run: (task: DueTask, isCurrent: () => boolean) => Promise<void>
}

/** A task that runs. */
interface Claim {
  /** Something durable replaced or ended it: what was read of it is old. */
  touched: boolean
  /** When what replaced it is due. */
  due: number | null
}

type Visit = (task: DueTask, lane: LaneRule | null, before: DuePlace) => boolean

const firstRestMs = 100
const maxRestMs = 30_000
const maxUnknown = 10_000
const firstPage = 16
const maxPage = 256
/** How often it begins anew, so that nothing it was not told of is left behind. */
const renewMs = 60_000
const { NEGATIVE_INFINITY: always, POSITIVE_INFINITY: never } = Number
const startOf = (due: number): DuePlace => ({ due, room: '', id: '' })
const keyOf = (room: string, id: string) => `${room}\n${id}`

/**
 * Tasks in the order in which they are due, read from the log a page at a time. Before its place, everything of the line
 * runs, rests, or waits in a full lane, which knows where to find it: so a look costs what it starts, however many wait, and
 * a full lane holds up no other.
 */
export class DueLine {
  readonly #options: DueLineOptions
  readonly #alarm: Alarm
  readonly #lanes = new Lanes()
  readonly #running = new Map<string, Claim>()
  readonly #resting = new Resting(() => void this.#lookNow())
  readonly #unknown = new Set<string>()
  readonly #ended: (() => void)[] = []
  #place = startOf(always)
  /** The time of the first task that waits because the line is full. */
  #stalledAt = never
  #lanesFirst = false
  #renewing: NodeJS.Timeout | null = null
  /** During a look: what changed meanwhile, and the earliest time to go back to. */
  #look: { readonly touched: Set<string>; back: number; again: boolean } | null = null
  /** Before its start too. */
  #stopped = true

  constructor(options: DueLineOptions) {
    this.#options = options
    this.#alarm = new Alarm(options.clock, () => void this.#lookNow())
  }

  get running(): number {
    return this.#running.size
  }

  /** Rooms that have something to do, and no code. */
  get unknown(): ReadonlySet<string> {
    return this.#unknown
  }

  /** When the oldest task was due that waits for others to end; `Infinity` if none does. */
  get oldestDue(): number {
    return Math.min(this.#stalledAt, this.#lanes.oldestDue)
  }

  start(): void {
    this.#stopped = false
    this.#renewing = setInterval(() => this.#arrived(always), renewMs)
    this.#renewing.unref()
    void this.#lookNow()
  }

  /** These changes of a room's tasks have become durable. */
  heard(room: string, changes: readonly TaskChange[]): void {
    for (const change of changes) {
      const [id, due] = 'put' in change ? [change.put.id, change.put.due] : [change.drop, null]
      const key = keyOf(room, id)
      this.#resting.end(key)
      this.#look?.touched.add(key)
      const claim = this.#running.get(key)
      if (claim) {
        claim.touched = true
        claim.due = due
      } else if (due !== null) this.#arrived(due)
    }
  }

  /** Other code has come: looks at everything again. */
  renew(): void {
    this.#unknown.clear()
    this.#arrived(always)
  }

  /** Starts nothing more. Resolves once nothing runs. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#alarm.stop()
    if (this.#renewing) clearInterval(this.#renewing)
    this.#resting.stop()
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#ended.push(resolve))
  }

  #arrived(due: number): void {
    if (due === never || this.#stopped) return
    if (this.#look) this.#look.back = Math.min(this.#look.back, due)
    else {
      this.#goBack(due)
      this.#alarm.also(due)
    }
  }

  #goBack(due: number): void {
    if (due <= this.#place.due) this.#place = startOf(due)
    this.#lanes.goBack(due)
  }

  /** Starts what is due, and sets the alarm for what comes next. */
  async #lookNow(): Promise<void> {
    if (this.#stopped) return
    if (this.#look) {
      this.#look.again = true
      return
    }
    const look = { touched: new Set<string>(), back: never, again: false }
    this.#look = look
    let wakeAt = never
    try {
      this.#startRested()
      // Neither tasks that were passed over nor those that are new keep the line full for ever.
      this.#lanesFirst = !this.#lanesFirst
      if (this.#lanesFirst) await this.#serveLanes()
      wakeAt = await this.#goOn()
      if (!this.#lanesFirst) await this.#serveLanes()
    } catch (error) {
      if (!this.#stopped) this.#options.logger.warn({ error: String(error) }, 'due tasks could not be read')
      wakeAt = this.#options.clock() + 1_000
    }
    this.#look = null
    if (this.#stopped) return
    if (look.back !== never) this.#goBack(look.back)
    this.#alarm.set(look.again ? always : Math.min(wakeAt, look.back))
  }

  #startRested(): void {
    for (const [key, task, ms] of this.#resting.rested) {
      const lane = this.#options.lane(task)
      if (!lane || this.#isFull || this.#lanes.isFull(lane)) continue
      this.#resting.end(key)
      this.#start(task, lane, ms)
    }
  }

  /** Finds tasks that were passed over because their lane was full. */
  async #serveLanes(): Promise<void> {
    for (const { key, from } of this.#lanes.open) {
      if (this.#isFull) return
      let isLeft = false
      const { place } = await this.#walk(from, (task, lane) => {
        if (lane?.key !== key) return true
        isLeft = this.#isFull || this.#lanes.isFull(lane)
        if (!isLeft) this.#start(task, lane)
        return !isLeft
      })
      this.#lanes.served(key, isLeft ? place : null)
    }
  }

  /** Goes on from its place. Returns when the next task is due. */
  async #goOn(): Promise<number> {
    this.#stalledAt = never
    const { place, next } = await this.#walk(this.#place, (task, lane, before) => {
      if (this.#isFull) {
        this.#stalledAt = task.due
        return false
      }
      if (!lane) this.#leave(task)
      else if (this.#lanes.isAwaited(lane)) this.#lanes.passedOver(lane, before)
      else this.#start(task, lane)
      return true
    })
    this.#place = place
    return next
  }

  /** Nobody can do it: it stays where it is until there is code for it. */
  #leave({ room }: DueTask): void {
    if (this.#unknown.has(room) || this.#unknown.size >= maxUnknown) return
    this.#unknown.add(room)
    this.#options.logger.error({ room }, 'a room has work to do, and this server has no code for it')
  }

  /**
   * Visits tasks of the line that are due, do not run and do not rest, until one is not passed. `place` is behind the last that
   * was; `next` is when the task is due that comes behind all that are due now.
   */
  async #walk(from: DuePlace, visit: Visit): Promise<{ place: DuePlace; next: number }> {
    const { log, clock, takes, lane } = this.#options
    let place = from
    for (let count = firstPage; !this.#stopped; count = Math.min(count * 2, maxPage)) {
      const page = await log.dueTasks(Number.MAX_SAFE_INTEGER, count, place)
      const now = clock()
      for (const task of page) {
        if (task.due > now) return { place, next: task.due }
        const key = keyOf(task.room, task.id)
        const isFree = !this.#running.has(key) && !this.#resting.has(key) && !this.#look!.touched.has(key)
        if (isFree && takes(task) && !visit(task, lane(task), place)) return { place, next: never }
        place = { due: task.due, room: task.room, id: task.id }
      }
      if (page.length < count) break
    }
    return { place, next: never }
  }

  get #isFull(): boolean {
    return this.#stopped || this.#running.size >= this.#options.limit
  }

  #start(task: DueTask, lane: LaneRule, restedMs = firstRestMs / 2): void {
    const { run, logger } = this.#options
    const key = keyOf(task.room, task.id)
    const claim: Claim = { touched: false, due: null }
    this.#running.set(key, claim)
    this.#lanes.enter(lane)
    run(task, () => !claim.touched)
      .catch((error) => {
        if (this.#stopped || claim.touched) return
        logger.warn({ room: task.room, task: task.id, error: String(error) }, 'a task has to wait')
      })
      .then(() => {
        this.#running.delete(key)
        this.#lanes.leave(lane)
        this.#end(key, task, claim, Math.min(restedMs * 2, maxRestMs))
        if (this.#running.size === 0) for (const resolve of this.#ended.splice(0)) resolve()
      })
  }

  /** A task that is as it was rests; one that was replaced is found again; and another may run in its place. */
  #end(key: string, task: DueTask, claim: Claim, restMs: number): void {
    if (this.#stopped) return
    if (claim.touched && claim.due !== null) this.#arrived(claim.due)
    if (!claim.touched) this.#resting.begin(key, task, restMs)
    if (this.#look || this.#stalledAt !== never || this.#lanes.isAnyOpen) void this.#lookNow()
  }
}
