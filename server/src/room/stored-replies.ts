import type { Outcome } from '@interplay/shared/protocol'
import type { UpdateLog } from '../log/log.ts'
import { SeenEvents } from './seen-events.ts'

const retryMs = 200
const pageSize = 10_000

/**
 * Whether an event has an outcome already. Ids that are certainly new are known without the log, once it has told which
 * ones the room has; the others are looked up, those of one turn in one question, again while the log cannot answer.
 */
export class StoredReplies {
  readonly #room: string
  readonly #log: UpdateLog
  readonly #seen = new SeenEvents()
  #knows: 'nothing' | 'some' | 'all' = 'nothing'
  #asked: { eventId: string; resolve: (outcome: Outcome | null) => void }[] = []
  #stopped = false

  constructor(room: string, log: UpdateLog) {
    this.#room = room
    this.#log = log
  }

  /** The stored outcome, or `null`. Never settles once stopped. */
  find(eventId: string): Promise<Outcome | null> | null {
    if (this.#knows === 'nothing') void this.#learn()
    const isNew = this.#knows === 'all' && !this.#seen.mayHave(eventId)
    this.#seen.add(eventId)
    return isNew ? null : this.#lookUp(eventId)
  }

  stop(): void {
    this.#stopped = true
  }

  #lookUp(eventId: string): Promise<Outcome | null> {
    return new Promise((resolve) => {
      this.#asked.push({ eventId, resolve })
      if (this.#asked.length === 1) setImmediate(() => this.#ask())
    })
  }

  async #learn(): Promise<void> {
    this.#knows = 'some'
    let after = ''
    while (!this.#stopped) {
      const eventIds = await this.#patiently(() => this.#log.eventIds(this.#room, after, pageSize))
      if (!eventIds) return
      for (const eventId of eventIds) this.#seen.add(eventId)
      if (eventIds.length < pageSize) break
      after = eventIds.at(-1)!
    }
    this.#knows = 'all'
  }

  async #ask(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    const eventIds = asked.map(({ eventId }) => eventId)
    const outcomes = await this.#patiently(() => this.#log.replies(this.#room, eventIds))
    if (!outcomes) return
    asked.forEach(({ resolve }, index) => {
      resolve(outcomes[index] ?? null)
    })
  }

  /** Asks until the log answers. Resolves to `null` once stopped. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T | null> {
    while (!this.#stopped) {
      try {
        return await ask()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
    return null
  }
}
