import { setImmediate as turn } from 'node:timers/promises'
import type { UpdateLog } from '@interplay/server'
import type { random } from './random.ts'

type Method = (...input: never[]) => Promise<unknown>

/** Where a process that uses a log dies. */
export interface Death {
  readonly method: 'append' | 'compact'
  /** Before the call has an effect, or after it, while nobody knows of it yet. */
  readonly moment: 'before' | 'after'
  /** Calls of the method that still go through. */
  readonly after: number
}

/**
 * A log as a process sees it that is killed: from then on nothing is stored and nothing is answered, for ever. What was stored
 * is still there, for the next process.
 */
export class MortalLog {
  readonly log: UpdateLog
  readonly died: Promise<void>
  #die: () => void = () => {}
  #dead = false
  #death: Death | null = null
  #left = 0
  #last: Promise<unknown> = Promise.resolve()

  /** `chance` decides how long calls take, and with `mishaps` which appends fail, or seem to. */
  constructor(stored: UpdateLog, chance: ReturnType<typeof random>, mishaps = false) {
    this.died = new Promise((resolve) => {
      this.#die = resolve
    })
    this.log = new Proxy(stored, {
      get: (log, method: keyof UpdateLog) => {
        // The next process needs it.
        if (method === 'close') return async () => {}
        return (...input: never[]) => {
          const call = () =>
            this.#call(method, () => (log[method] as Method).apply(log, input), chance, mishaps)
          // In the order in which they were handed in.
          const answer = this.#last.then(call)
          this.#last = answer.catch(() => {})
          return answer
        }
      },
    })
  }

  /** Dies at a call to come. */
  dieAt(death: Death): void {
    this.#death = death
    this.#left = death.after
  }

  die(): void {
    this.#dead = true
    this.#die()
  }

  async #call(
    method: string,
    run: () => Promise<unknown>,
    { integer }: ReturnType<typeof random>,
    mishaps: boolean,
  ): Promise<unknown> {
    for (let turns = integer(4); turns > 0; turns--) await turn()
    const isLast = this.#death?.method === method && this.#left-- === 0
    if (isLast && this.#death?.moment === 'before') this.die()
    if (this.#dead) return never()
    const fails = mishaps && method === 'append'
    if (fails && integer(50) === 0) throw new Error('the disk is full')
    const result = await run()
    if (isLast) this.die()
    for (let turns = integer(3); turns > 0; turns--) await turn()
    if (this.#dead) return never()
    if (fails && integer(50) === 0) throw new Error('the answer was lost')
    return result
  }
}

const never = () => new Promise<never>(() => {})
