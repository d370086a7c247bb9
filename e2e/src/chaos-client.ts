import { type Client, createClient, type Room } from '@interplay/client'
import { board } from './board.ts'
import { Tap } from './chaos-tap.ts'
import { random } from './random.ts'

/** What became of one dispatched event, as its caller learned it. */
export interface Dispatched {
  /** As the handler of `number` notes it in `applied`. */
  readonly mark: string
  answer: { readonly applied: number } | { readonly error: unknown } | null
}

export const boardId = 'chaos'

/** An SDK client that writes and dispatches all the time, online or not, and keeps account of it. */
export class ChaosClient implements Disposable {
  readonly name: string
  readonly tap = new Tap()
  readonly room: Room<typeof board>
  /** Every transaction made, in order: the entry it pushed, or `null` for other edits. */
  readonly edits: (string | null)[] = []
  readonly events: Dispatched[] = []
  readonly #client: Client
  readonly #random: ReturnType<typeof random>
  #timer: NodeJS.Timeout | null = null

  constructor(url: string, name: string, seed: number) {
    this.name = name
    this.#random = random(seed)
    const retries = random(seed + 1)
    const clock = {
      now: Date.now,
      // Retries come early in the time they may take: these servers are gone for a second, not for minutes.
      random: () => retries.next() / 100,
      after(ms: number, then: () => void) {
        const timer = setTimeout(then, ms)
        return () => clearTimeout(timer)
      },
    }
    this.#client = createClient({ url, WebSocket: this.tap.WebSocket }, clock)
    this.room = this.#client.join(board, { boardId })
  }

  get isLive(): boolean {
    return this.room.status.at === 'synced' || this.room.status.at === 'unsaved'
  }

  /** Entries that the SDK counts as saved: it confirms edits in the order they were made. */
  get savedEntries(): string[] {
    const { status } = this.room
    const unsaved = 'edits' in status ? status.edits : 0
    return this.edits.slice(0, this.edits.length - unsaved).filter((entry) => entry !== null)
  }

  /** Starts the traffic: something every 0 to 5 ms, and less of it while there is no server. */
  start(): void {
    const waitMs = this.#random.integer(6) * (this.isLive ? 1 : 10)
    this.#timer = setTimeout(() => {
      this.#act()
      this.start()
    }, waitMs)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }

  #act(): void {
    const { title, notes, entries } = this.room.state
    const { integer, pick } = this.#random
    const dice = integer(10)
    if (dice < 4) {
      const entry = `${this.name}:${this.edits.length}`
      this.edits.push(entry)
      entries.push(entry)
    } else if (dice === 4) {
      this.edits.push(null)
      notes.set(pick(['a', 'b', 'c']), { text: `${this.edits.length}`, by: this.name })
    } else if (dice === 5) {
      this.edits.push(null)
      if (title.length > 20) title.delete(integer(title.length - 5), 5)
      else title.insert(integer(title.length + 1), 'some text')
    } else this.#dispatch()
  }

  #dispatch(): void {
    const number = this.events.length
    const event: Dispatched = { mark: `${this.name}:${number}`, answer: null }
    this.events.push(event)
    this.room.dispatch('number', { number, client: this.name }).then(
      (answer) => {
        event.answer = answer
      },
      (error) => {
        event.answer = { error }
      },
    )
  }

  [Symbol.dispose](): void {
    this.stop()
    this.#client.close()
  }
}
