import type { LiveClock } from './clock.ts'

export interface TickerOptions {
  readonly clock: Pick<LiveClock, 'now' | 'after'>
  readonly stepMs: number
  /** Steps in a row that make up for lost time; what is lost beyond them stays lost. */
  readonly maxCatchUp: number
  /** Puts a step between other work, one at a time. */
  readonly queue: (step: () => void | Promise<void>) => void
  /** Does one step. `isLast` says that no other follows at once. */
  readonly step: (isLast: boolean) => void | Promise<void>
  /** Steps were left out. */
  readonly overrun: (steps: number) => void
}

/**
 * Steps of a fixed length. A step is due by the time that has passed since the ticker woke, so that no delay adds up. Between
 * two steps, those that catch up as well, other work has its turn.
 */
export class Ticker {
  readonly #options: TickerOptions
  /** When the next step is due; `null` while it sleeps. */
  #due: number | null = null
  #isQueued = false
  #stopTimer = () => {}

  constructor(options: TickerOptions) {
    this.#options = options
  }

  get isAwake(): boolean {
    return this.#due !== null
  }

  /** The first step is due one step from now: what was slept is not made up for. */
  wake(): void {
    if (this.#due !== null) return
    this.#due = this.#options.clock.now() + this.#options.stepMs
    this.#wait()
  }

  sleep(): void {
    this.#due = null
    this.#stopTimer()
  }

  #wait(): void {
    if (this.#due === null || this.#isQueued) return
    const { clock } = this.#options
    this.#stopTimer = clock.after(Math.max(0, this.#due - clock.now()), () => this.#catchUp())
  }

  #catchUp(): void {
    if (this.#due === null) return
    const { clock, stepMs, maxCatchUp, overrun } = this.#options
    const behind = Math.floor((clock.now() - this.#due) / stepMs) + 1
    if (behind < 1) return this.#wait()
    const lost = behind - maxCatchUp
    if (lost > 0) {
      this.#due += lost * stepMs
      overrun(lost)
    }
    this.#next(Math.min(behind, maxCatchUp))
  }

  #next(left: number): void {
    this.#isQueued = true
    this.#options.queue(() => {
      this.#isQueued = false
      // It fell asleep, or even woke anew, while it waited for its turn.
      if (this.#due === null || this.#due > this.#options.clock.now()) return this.#wait()
      this.#due += this.#options.stepMs
      const running = this.#options.step(left === 1)
      const done = () => (left > 1 && this.#due !== null ? this.#next(left - 1) : this.#wait())
      if (!running) return done()
      return running.then(done)
    })
  }
}
