import type { LiveClock } from './clock.ts'

/** Time that passes when a test says so. */
export class ManualClock implements LiveClock {
  #now = 0
  #timers: { at: number; then: () => void }[] = []
  #turn: (() => void)[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  atTurnEnd(then: () => void): void {
    this.#turn.push(then)
  }

  endTurn(): void {
    const due = this.#turn
    this.#turn = []
    for (const then of due) then()
  }

  /** Timers run in their order, each in a turn of its own. */
  pass(ms: number): void {
    const until = this.#now + ms
    this.endTurn()
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= until).sort((one, two) => one.at - two.at)[0]
      if (!next) break
      this.#timers = this.#timers.filter((timer) => timer !== next)
      this.#now = Math.max(this.#now, next.at)
      next.then()
      this.endTurn()
    }
    this.#now = until
  }

  /** Time in which nothing could run: a blocked event loop. */
  lose(ms: number): void {
    this.#now += ms
  }
}
