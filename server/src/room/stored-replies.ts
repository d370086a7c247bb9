import type { Outcome } from '@interplay/shared/protocol'
import type { UpdateLog } from '../log/log.ts'

const retryMs = 200

/** Looks event ids up in the log: the ids of one turn in one question, asked again while the log cannot answer. */
export class StoredReplies {
  readonly #room: string
  readonly #log: UpdateLog
  #asked: { eventId: string; resolve: (outcome: Outcome | null) => void }[] = []
  #stopped = false

  constructor(room: string, log: UpdateLog) {
    this.#room = room
    this.#log = log
  }

  find(eventId: string): Promise<Outcome | null> {
    return new Promise((resolve) => {
      this.#asked.push({ eventId, resolve })
      if (this.#asked.length === 1) setImmediate(() => this.#ask())
    })
  }

  stop(): void {
    this.#stopped = true
  }

  async #ask(): Promise<void> {
    const asked = this.#asked
    this.#asked = []
    const eventIds = asked.map(({ eventId }) => eventId)
    while (!this.#stopped) {
      try {
        const outcomes = await this.#log.replies(this.#room, eventIds)
        asked.forEach(({ resolve }, index) => {
          resolve(outcomes[index] ?? null)
        })
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs))
      }
    }
  }
}
