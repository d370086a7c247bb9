/** What is known of a service that is called again and again. */
type Circuit =
  | { readonly at: 'closed'; readonly failures: number }
  | { readonly at: 'open' | 'half-open'; readonly until: number }

export interface CircuitOptions {
  /** Calls that fail one after the other before it opens. @default 5 */
  readonly failures?: number
  /** Time it stays open; then one call tries whether the service is back. @default 10_000 */
  readonly openMs?: number
}

/** A call that may be made, and must be ended with its token; or one that may not, and when to come back. */
export type Entry =
  | { readonly at: 'entered'; readonly token: number }
  | { readonly at: 'refused'; readonly retryAfterMs: number }

/** What became of a call: the service answered, did not or could not, or nobody waited for it any more. */
export type CallEnd = 'answered' | 'failed' | 'abandoned'

/**
 * Keeps calls away from a service that fails: closed while it answers, open for a time after several failures in a row,
 * then half-open for one call that decides. Calls that began before its last change of state no longer count.
 */
export class CircuitBreaker {
  readonly #failures: number
  readonly #openMs: number
  readonly #callMs: number
  readonly #clock: () => number
  #circuit: Circuit = { at: 'closed', failures: 0 }
  /** Counts changes of state: the token of a call is the one it began in. */
  #phase = 0

  /** `callMs` is the longest that a call takes: one that has not ended by then is no longer waited for. */
  constructor(options: CircuitOptions, callMs: number, clock: () => number) {
    const { failures = 5, openMs = 10_000 } = options
    if (!(failures >= 1) || !(openMs > 0))
      throw new TypeError('A circuit opens after at least one failure, for a time above 0 ms.')
    this.#failures = failures
    this.#openMs = openMs
    this.#callMs = callMs
    this.#clock = clock
  }

  get at(): Circuit['at'] {
    return this.#circuit.at
  }

  enter(): Entry {
    const circuit = this.#circuit
    if (circuit.at === 'closed') return { at: 'entered', token: this.#phase }
    const now = this.#clock()
    // A clock that was set back must not keep it shut for longer.
    const until = Math.min(circuit.until, now + (circuit.at === 'open' ? this.#openMs : this.#callMs))
    this.#circuit = { at: circuit.at, until }
    if (until > now) return { at: 'refused', retryAfterMs: Math.ceil(until - now) }
    this.#become({ at: 'half-open', until: now + this.#callMs })
    return { at: 'entered', token: this.#phase }
  }

  leave(token: number, end: CallEnd): void {
    if (token !== this.#phase) return
    if (this.#circuit.at === 'half-open') {
      if (end === 'answered') return this.#become({ at: 'closed', failures: 0 })
      const pauseMs = end === 'failed' ? this.#openMs : 0
      return this.#become({ at: 'open', until: this.#clock() + pauseMs })
    }
    if (this.#circuit.at !== 'closed' || end === 'abandoned') return
    const failures = end === 'failed' ? this.#circuit.failures + 1 : 0
    if (failures >= this.#failures) this.#become({ at: 'open', until: this.#clock() + this.#openMs })
    else this.#circuit = { at: 'closed', failures }
  }

  #become(circuit: Circuit): void {
    this.#circuit = circuit
    this.#phase += 1
  }
}
