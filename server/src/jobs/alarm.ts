/** A clock that was set forward is noticed within this time, and no timer is set for longer than one can be. */
const maxTimerMs = 1_000

/** Rings once the clock shows a time, or soon after somebody has set it forward. Does not keep the process alive. */
export class Alarm {
  readonly #clock: () => number
  readonly #ring: () => void
  #at = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(clock: () => number, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Rings at this time and at no other. */
  set(at: number): void {
    this.stop()
    this.#at = at
    if (at === Number.POSITIVE_INFINITY) return
    const ms = Math.max(0, Math.min(at - this.#clock(), maxTimerMs))
    this.#timer = setTimeout(() => this.#tick(), ms)
    this.#timer.unref()
  }

  /** Rings at this time too. */
  also(at: number): void {
    if (at < this.#at) this.set(at)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#at = Number.POSITIVE_INFINITY
  }

  #tick(): void {
    const at = this.#at
    if (this.#clock() < at) return this.set(at)
    this.stop()
    this.#ring()
  }
}
