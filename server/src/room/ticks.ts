import { randomInt } from 'node:crypto'
import type { Document } from '@hocuspocus/server'
import type { AnyImplementation, AnyTick } from '../events/implement.ts'
import { Context, type Ran, type RunPlace, runOnDraft } from '../events/run.ts'
import type { LiveValues } from '../live/live-values.ts'
import { stepRandom } from '../live/step-random.ts'
import { Ticker } from '../live/ticker.ts'
import type { TaskChange } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Inbox } from './inbox.ts'
import { liveClock } from './live-clock.ts'
import { type LiveSnapshot, writeLiveSnapshot } from './live-snapshot.ts'
import type { Members } from './members.ts'

export interface TicksRoom {
  readonly name: string
  readonly document: Document
  readonly inbox: Inbox
  readonly members: Members
  readonly live: LiveValues
  readonly logger: Logger
  readonly metrics: Metrics
  implementation(): AnyImplementation | null
  place(): RunPlace
  /** Records what a step did beside live values. */
  record(ran: Ran): void
  /** Whether something is on its way that must be seen before what a step does. */
  isAhead(): boolean
  /** Hands rows to the log. Resolves once they are durable. */
  store(rows: readonly TaskChange[]): Promise<void>
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }

/** The simulation of a room: awake while somebody watches, its steps between events, its live values stored now and then. */
export class Ticks {
  readonly #room: TicksRoom
  #tick: AnyTick | null = null
  #ticker: Ticker | null = null
  #seed: number | null = null
  #step = 0
  /** Steps in a row that threw. */
  #failures = 0
  #storedAt = Number.NEGATIVE_INFINITY
  /** What of the live values is stored, or on its way. */
  #stored = { step: 0, revision: 0 }
  #storing = false
  /** Keeps the room in memory, as a connection would. */
  #holds = false
  #closed = false

  constructor(room: TicksRoom) {
    this.#room = room
  }

  /** Sets it to where it was when a snapshot was taken. */
  restore({ seed, step, values }: LiveSnapshot): void {
    this.#seed = seed
    this.#step = step
    this.#room.live.restore(values)
    this.#stored = { step, revision: this.#room.live.revision }
  }

  /** The code, or who watches, may be others: it wakes or falls asleep. */
  look(): void {
    const tick = this.#closed ? null : (this.#room.implementation()?.code.tick ?? null)
    if (tick !== this.#tick) {
      this.#ticker?.sleep()
      this.#tick = tick
      this.#ticker = tick && this.#create(tick)
    }
    const runs = tick?.whenUnwatched === 'run'
    this.#hold(runs)
    if (!this.#ticker) return
    if (runs || this.#isWatched) return this.#ticker.wake()
    if (!this.#ticker.isAwake) return
    this.#ticker.sleep()
    this.snapshot()
  }

  /** Stores the live values, where they are to be stored and are others than before. */
  snapshot(): void {
    const { live, name, logger, store } = this.#room
    const { step, revision } = this.#stored
    if (!this.#tick?.snapshotEveryMs) return
    if (step === this.#step && revision === live.revision) return
    this.#storing = true
    this.#storedAt = liveClock.now()
    this.#stored = { step: this.#step, revision: live.revision }
    const values = [...live.names].flatMap((of) => {
      const value = live.read(of)
      return value === undefined ? [] : [[of, value] as const]
    })
    const rows = writeLiveSnapshot({ seed: this.#seedOf(this.#tick), step: this.#step, values })
    store(rows)
      .catch((error) => logger.warn({ room: name, error: String(error) }, 'live values were not stored'))
      .finally(() => {
        this.#storing = false
      })
  }

  close(): void {
    this.#closed = true
    this.#ticker?.sleep()
    this.#hold(false)
  }

  get #isWatched(): boolean {
    const { live, members, implementation } = this.#room
    const hasLive = Object.keys(implementation()?.definition.live ?? {}).length > 0
    return hasLive ? live.isWatched : members.size > 0
  }

  #create(tick: AnyTick): Ticker {
    const { inbox, metrics } = this.#room
    const { stepMs, maxCatchUp } = tick
    return new Ticker({
      clock: liveClock,
      stepMs,
      maxCatchUp,
      queue: (step) => inbox.push(step),
      step: (isLast) => this.#run(tick, isLast),
      overrun: (steps) => metrics.tickOverruns.inc(steps),
    })
  }

  #run(tick: AnyTick, isLast: boolean): void | Promise<void> {
    const implementation = this.#room.implementation()!
    const startedAt = performance.now()
    this.#step += 1
    const step = {
      deltaMs: tick.stepMs,
      step: this.#step,
      random: stepRandom(this.#seedOf(tick), this.#step),
    }
    const place = this.#quiet(this.#room.place())
    const ran = runOnDraft(
      `Step ${this.#step}`,
      place,
      (draft, deadline) => new Context(implementation, place, draft, deadline),
      (context) => tick.handle(Object.assign(context, step) as never),
      () => undefined,
    )
    const done = (result: Ran) => {
      this.#room.metrics.tickSeconds.observe((performance.now() - startedAt) / 1000)
      this.#done(tick, result, isLast)
    }
    return ran instanceof Promise ? ran.then(done) : done(ran)
  }

  #done(tick: AnyTick, ran: Ran, isLast: boolean): void {
    const { live, members, isAhead, record } = this.#room
    this.#failures = ran.outcome.ok ? 0 : this.#failures + 1
    const hasSignals = ran.signals.length > 0
    const isRecorded = ran.change !== null || ran.tasks.length > 0 || (hasSignals && isAhead())
    if (isRecorded) record(ran)
    else if (ran.live) live.land(live.commit(ran.live))
    // What a signal tells of is there before it.
    if (isLast || hasSignals) live.flush(hasSignals)
    if (!isRecorded) for (const signal of ran.signals) members.signal(signal)
    const { snapshotEveryMs } = tick
    // While the log does not take the last one, none is added.
    if (snapshotEveryMs === null || this.#storing) return
    if (liveClock.now() - this.#storedAt >= snapshotEveryMs) this.snapshot()
  }

  /** A step that throws every time must not fill the log of the server: it is told at the 1st, 2nd, 4th, 8th time in a row. */
  #quiet(place: RunPlace): RunPlace {
    const count = this.#failures + 1
    return (count & (count - 1)) === 0 ? place : { ...place, logger: silent }
  }

  #seedOf({ seed }: AnyTick): number {
    if (seed !== null) return seed
    this.#seed ??= randomInt(2 ** 32)
    return this.#seed
  }

  #hold(holds: boolean): void {
    if (holds === this.#holds) return
    this.#holds = holds
    const { document } = this.#room
    if (holds) document.addDirectConnection()
    else document.removeDirectConnection()
  }
}
