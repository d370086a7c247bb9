import { InterplayError } from '@interplay/shared'
import { Replica } from '@interplay/shared/live'
import type { Clock } from './clock.ts'
import { guarded, Listeners } from './listeners.ts'
import type { LiveEntities } from './live.ts'

export interface LiveHost {
  readonly clock: Clock
  /** Throws `invalid-input` where the definition does not take this interest. */
  check(interest: unknown): void
  /** Asks the server for the value, or for no more of it. */
  ask(on: boolean, interest?: unknown): void
}

/** A value nobody subscribes to any more goes on for so long: the next one may come at once. */
const idleMs = 1_000

/** One live value, as its messages make it. */
export class LiveValue implements LiveEntities<unknown, unknown> {
  readonly #host: LiveHost
  readonly #listeners = new Listeners<[unknown]>()
  readonly #replica = new Replica()
  #interest: unknown
  #subscribers = 0
  /** Whether the server is to send it. */
  #on = false
  #stopTimer = () => {}

  constructor(host: LiveHost) {
    this.#host = host
  }

  get(): unknown {
    return this.#replica.value
  }

  get madeAt(): number {
    return this.#replica.at
  }

  subscribe(listener: (value: unknown) => void, options: { interest?: unknown } = {}): () => void {
    if ('interest' in options) this.setInterest(options.interest)
    const remove = this.#listeners.add(listener)
    this.#stopTimer()
    this.#subscribers++
    if (!this.#on) {
      this.#on = true
      this.announce()
    }
    const value = this.get()
    if (value !== undefined) guarded(() => listener(value))
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      remove()
      if (--this.#subscribers === 0) this.#stopTimer = this.#host.clock.after(idleMs, () => this.#end())
    }
  }

  setInterest(interest: unknown): void {
    this.#host.check(interest)
    if (JSON.stringify(interest) === JSON.stringify(this.#interest)) return
    this.#interest = interest
    this.announce()
  }

  /** Asks for the full value: a session begins, or another interest. */
  announce(): void {
    if (this.#on) this.#host.ask(true, this.#interest)
  }

  /** Throws on garbage. */
  receive(message: Uint8Array): void {
    if (!this.#on) return
    const before = this.get()
    const taken = this.#replica.take(message)
    if (taken === 'lost') this.announce()
    else if (taken instanceof InterplayError) console.error(taken)
    else if (this.get() !== before) this.#listeners.notify(this.get())
  }

  close(): void {
    this.#stopTimer()
    this.#on = false
  }

  #end(): void {
    this.#on = false
    this.#host.ask(false)
    this.#replica.value = undefined
  }
}
