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

/** One commits while the next is on its way. More would only make the commits smaller. */
const maxFlights = 2

/** So many entries leave before their turn is over: the log begins with them while the rest is still made. */
const maxTurnEntries = 64

/** Entries that were handed to the log together, and how far they are. */
interface Flight {
  readonly entries: readonly LogEntry[]
  /** The room's position before them. */
  readonly after: number
  readonly bytes: number
  state: 'under way' | 'stored' | { readonly error: unknown }
}

/**
 * Orders a room's entries into the log. What is pushed in one turn leaves in one append, and two appends may be under
 * way, each bound to its position, so that the log never waits for this thread. A failed append is tried again, and the
 * one behind it, until the log takes them or refuses them for good.
 */
export class Writer {
  readonly #room: string
  readonly #log: UpdateLog
  readonly #events: WriterEvents
  #entries: LogEntry[] = []
  #bytes = 0
  /** Oldest first. */
  #flights: Flight[] = []
  /** The room's position once all flights have landed. */
  #position: number
  #pushed = 0
  #durable = 0
  #scheduled = false
  #failingSince: number | null = null
  #retryMs = firstRetryMs
  #retry: NodeJS.Timeout | null = null
  #stopped = false
  #waiting: { sequence: number; run: () => void }[] = []

  /** `position` is the room's, as it was read. */
  constructor(room: string, log: UpdateLog, position: number, events: WriterEvents) {
    this.#room = room
    this.#log = log
    this.#position = position
    this.#events = events
  }

  /** Count of entries pushed so far: the sequence of the last one. */
  get sequence(): number {
    return this.#pushed
  }

  /** The position of the entry pushed last. */
  get position(): number {
    return this.#position + this.#entries.length
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
    this.#bytes += entry.update?.length ?? 0
    this.#pushed += 1
    if (this.#entries.length >= maxTurnEntries) this.#take()
    else this.#schedule()
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
    if (!this.#retry) return
    clearTimeout(this.#retry)
    this.#retry = null
    for (const flight of this.#flights) void this.#append(flight)
  }

  /** Stops for good: nothing more is appended, no waiter runs. */
  stop(): void {
    this.#stopped = true
    this.#waiting = []
    if (this.#retry) clearTimeout(this.#retry)
    this.#retry = null
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#take()
    })
  }

  /** Hands in what was pushed, unless enough is under way: then it leaves when the next append has landed. */
  #take(): void {
    if (this.#entries.length === 0 || this.#flights.length >= maxFlights) return
    if (this.#stopped || this.#failingSince !== null) return
    const flight: Flight = {
      entries: this.#entries,
      after: this.#position,
      bytes: this.#bytes,
      state: 'under way',
    }
    this.#entries = []
    this.#bytes = 0
    this.#position += flight.entries.length
    this.#flights.push(flight)
    void this.#append(flight)
  }

  async #append(flight: Flight): Promise<void> {
    flight.state = 'under way'
    try {
      await this.#log.append(this.#room, flight.entries, flight.after)
      flight.state = 'stored'
    } catch (error) {
      flight.state = { error }
    }
    if (!this.#stopped) this.#settle()
  }

  #settle(): void {
    while (!this.#stopped && this.#flights[0]?.state === 'stored') this.#land(this.#flights.shift()!)
    const [head, next] = this.#flights
    // What lies behind a failed append is refused with it: both are tried again once both are answered.
    if (typeof head?.state === 'object' && next?.state !== 'under way') this.#failed(head.state.error)
    else this.#take()
  }

  #land({ entries, after, bytes }: Flight): void {
    if (this.#failingSince !== null) {
      this.#failingSince = null
      this.#retryMs = firstRetryMs
      this.#events.recovered()
    }
    this.#durable += entries.length
    this.#release()
    this.#events.appended(after + entries.length, bytes, entries.length)
  }

  #failed(error: unknown): void {
    if (error instanceof AppendRefused) {
      this.stop()
      this.#events.refused(error)
      return
    }
    this.#events.failing(error, this.#retryMs)
    this.#failingSince ??= Date.now()
    this.#retry = setTimeout(() => this.retryNow(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs)
  }

  #release(): void {
    let ready = 0
    while (ready < this.#waiting.length && this.#waiting[ready]!.sequence <= this.#durable) ready += 1
    for (const { run } of this.#waiting.splice(0, ready)) run()
  }
}
