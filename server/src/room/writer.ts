import { AppendRefused, type LogEntry, type UpdateLog } from '../log/log.ts'

export interface WriterEvents {
  /** Entries up to `position` are durable; waiters have run. */
  readonly appended: (position: number, bytes: number, entries: number) => void
  /** An append failed and is tried again after `retryMs`. Called at every failed attempt. */
  readonly failing: (error: unknown, retryMs: number) => void
  /** The append that failed has been taken. */
  readonly recovered: () => void
  /** The log will never take what this room wrote: the room must be closed and read again. */
  readonly refused: (error: AppendRefused) => void
}

const firstRetryMs = 50
const lastRetryMs = 2_000

/**
 * Orders a room's entries into the log. One append is in flight at a time; what arrives meanwhile leaves together in
 * the next one. A failed append is tried again until the log takes it or refuses it for good.
 */
export class Writer {
  readonly #room: string
  readonly #log: UpdateLog
  readonly #events: WriterEvents
  #entries: LogEntry[] = []
  #inFlight = 0
  #bytes = 0
  #pushed = 0
  #durable = 0
  #scheduled = false
  #failingSince: number | null = null
  #stopped = false
  #waiting: { sequence: number; run: () => void }[] = []
  #wake: (() => void) | null = null

  constructor(room: string, log: UpdateLog, events: WriterEvents) {
    this.#room = room
    this.#log = log
    this.#events = events
  }

  /** Count of entries pushed so far: the sequence of the last one. */
  get sequence(): number {
    return this.#pushed
  }

  /** Entries that are not durable yet. */
  get unsaved(): number {
    return this.#pushed - this.#durable
  }

  /** Since when appends fail, in milliseconds since 1970; `null` while they work. */
  get failingSince(): number | null {
    return this.#failingSince
  }

  push(entry: LogEntry): number {
    this.#entries.push(entry)
    this.#pushed += 1
    this.#schedule()
    return this.#pushed
  }

  /** Runs `then` once everything up to `sequence` is durable: at once if it is, in order otherwise. */
  whenDurable(sequence: number, then: () => void): void {
    if (sequence <= this.#durable) then()
    else this.#waiting.push({ sequence, run: then })
  }

  /** Resolves once everything pushed so far is durable. */
  drained(): Promise<void> {
    return new Promise((resolve) => this.whenDurable(this.#pushed, resolve))
  }

  /** Tries a failed append again at once. */
  retryNow(): void {
    this.#wake?.()
  }

  /** Stops for good: nothing more is appended, no waiter runs. */
  stop(): void {
    this.#stopped = true
    this.#waiting = []
    this.#wake?.()
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    // Everything of this turn leaves in one append.
    setImmediate(() => this.#run())
  }

  async #run(): Promise<void> {
    while (this.#entries.length > 0 && !this.#stopped) {
      const entries = this.#entries
      this.#entries = []
      this.#inFlight = entries.length
      const position = await this.#append(entries)
      if (position === null) return
      this.#durable += this.#inFlight
      this.#inFlight = 0
      this.#release()
      this.#events.appended(position, this.#bytes, entries.length)
      this.#bytes = 0
    }
    this.#scheduled = false
  }

  async #append(entries: LogEntry[]): Promise<number | null> {
    for (const entry of entries) this.#bytes += entry.update?.length ?? 0
    for (let retryMs = firstRetryMs; !this.#stopped; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        const { position } = await this.#log.append(this.#room, entries)
        if (this.#failingSince !== null) {
          this.#failingSince = null
          this.#events.recovered()
        }
        return position
      } catch (error) {
        if (this.#stopped) return null
        if (error instanceof AppendRefused) {
          this.stop()
          this.#events.refused(error)
          return null
        }
        this.#events.failing(error, retryMs)
        this.#failingSince ??= Date.now()
        await this.#pause(retryMs)
      }
    }
    return null
  }

  #release(): void {
    let ready = 0
    while (ready < this.#waiting.length && this.#waiting[ready]!.sequence <= this.#durable) ready += 1
    for (const { run } of this.#waiting.splice(0, ready)) run()
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#wake = wake
    })
  }
}
