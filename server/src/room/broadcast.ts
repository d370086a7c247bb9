import type { Document } from '@hocuspocus/server'
import { atTurnEnd } from './turn.ts'

/** What one frame costs for one session, about, in milliseconds. */
const deliveryMs = 0.006

/** A busy room sends so seldom that sending takes a quarter of its time, and at least this often, in milliseconds. */
const share = 4
const maxWindowMs = 16

/** Below this a window is not worth a timer. */
const minWindowMs = 1

/**
 * When a room's changes go out: those of one turn as one frame, at its end. A room with many sessions waits for a moment
 * after it has sent, so that under load more leaves in one frame; after a pause nothing waits.
 */
export class Broadcast {
  readonly #document: Document
  readonly #sessions: () => number
  #sentAt = 0
  #due = false
  #timer: NodeJS.Timeout | null = null

  constructor(document: Document, sessions: () => number) {
    this.#document = document
    this.#sessions = sessions
  }

  /** Something of the document or its presence has changed. */
  changed(): void {
    if (this.#due) return
    this.#due = true
    const windowMs = Math.min(this.#sessions() * deliveryMs * share, maxWindowMs)
    const waitMs = windowMs < minWindowMs ? 0 : this.#sentAt + windowMs - performance.now()
    if (waitMs <= 0) atTurnEnd('rooms', () => this.#flush())
    else this.#timer = setTimeout(() => this.now(), waitMs)
  }

  /** Sends what there is to send at once: somebody is about to be told of it. */
  now(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#flush()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }

  #flush(): void {
    if (!this.#due) return
    this.#due = false
    this.#sentAt = performance.now()
    this.#document.flush()
  }
}
