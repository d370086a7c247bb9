/** One item of work. A promise means that the next one has to wait. Never throws or rejects. */
export type Work = () => void | Promise<void>

/** A room's queue of work: first in, first out, one at a time. What clients put there is bounded. */
export class Inbox {
  readonly #idle: () => void
  readonly #limit: number
  #items: Work[] = []
  #head = 0
  #running = false

  /** `idle` is called whenever the inbox has become empty. */
  constructor(limit: number, idle: () => void) {
    this.#idle = idle
    this.#limit = limit
  }

  get length(): number {
    return this.#items.length - this.#head + (this.#running ? 1 : 0)
  }

  /** Takes work, or returns `false` if the inbox is full. The work may be done when this returns. */
  offer(work: Work): boolean {
    if (this.length >= this.#limit) return false
    this.push(work)
    return true
  }

  /** Takes work of the room's own, full or not. */
  push(work: Work): void {
    this.#items.push(work)
    if (!this.#running) this.#drain()
  }

  #drain(): void {
    this.#running = true
    while (this.#head < this.#items.length) {
      const work = this.#items[this.#head]!
      this.#head += 1
      if (this.#head === this.#items.length) {
        this.#items = []
        this.#head = 0
      }
      const running = work()
      if (running) {
        void running.then(() => this.#drain())
        return
      }
    }
    this.#running = false
    this.#idle()
  }
}
