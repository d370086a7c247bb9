/** Time for rates and steps. It only goes forward. */
export interface LiveClock {
  /** Milliseconds since some beginning. */
  now(): number
  /** Runs `then` once, after `ms`. Returns its stop. */
  after(ms: number, then: () => void): () => void
  /** Runs `then` at the end of this turn of the event loop. */
  atTurnEnd(then: () => void): void
}
