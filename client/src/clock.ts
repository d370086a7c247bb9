/** Time and chance, passed in so that tests decide them. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 to 1, 1 excluded. */
  random(): number
  /** Runs `then` once, after `ms`. Returns its stop. */
  after(ms: number, then: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    return () => clearTimeout(timer)
  },
}
