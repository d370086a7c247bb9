import type { LiveClock } from './clock.ts'

/** How often something is done: at most once per turn, or so many times a second. What came too early is done later, once. */
export class Pace {
  readonly #clock: LiveClock
  readonly #intervalMs: number
  readonly #run: () => void
  #notBefore = Number.NEGATIVE_INFINITY
  #turnIsOver = true
  #waiting = false
  #stopTimer = () => {}
  #stopped = false

  constructor(clock: LiveClock, maxPerSecond: number | null, run: () => void) {
    this.#clock = clock
    this.#intervalMs = maxPerSecond === null ? 0 : 1_000 / maxPerSecond
    this.#run = run
  }

  /** Runs now, or as soon as it may. `atOnce` does not wait for the end of a turn, only for the rate. */
  ask(atOnce: boolean): void {
    if (this.#waiting && !atOnce) return
    const waitMs = this.#notBefore - this.#clock.now()
    if (waitMs <= 0 && (atOnce || this.#turnIsOver)) return this.#go()
    if (this.#waiting) return
    this.#waiting = true
    if (waitMs > 0) this.#stopTimer = this.#clock.after(waitMs, () => this.#go())
  }

  stop(): void {
    this.#stopped = true
    this.#stopTimer()
  }

  #go(): void {
    if (this.#stopped) return
    this.#stopTimer()
    this.#waiting = false
    if (this.#intervalMs > 0) this.#notBefore = this.#clock.now() + this.#intervalMs
    if (this.#turnIsOver) {
      this.#turnIsOver = false
      this.#clock.atTurnEnd(() => {
        this.#turnIsOver = true
        if (this.#waiting && this.#notBefore <= this.#clock.now()) this.#go()
      })
    }
    this.#run()
  }
}
