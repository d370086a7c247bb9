/** A room's queue of events: first in, first out, one at a time, of bounded length. */
export class Inbox<T> {
  readonly #run: (item: T) => void | Promise<void>
  readonly #idle: () => void
  readonly #limit: number
  #items: T[] = []
  #head = 0
  #running = false

  /**
   * `run` never throws or rejects; one that returns no promise has ended, and the next item runs at once. `idle` is called
   * whenever the inbox has become empty.
   */
  constructor(limit: number, run: (item: T) => void | Promise<void>, idle: () => void) {
    this.#run = run
    this.#idle = idle
    this.#limit = limit
  }

  get length(): number {
    return this.#items.length - this.#head + (this.#running ? 1 : 0)
  }

  /** Takes an item, or returns `false` if the inbox is full. The item may have run when this returns. */
  offer(item: T): boolean {
    if (this.length >= this.#limit) return false
    this.#items.push(item)
    if (!this.#running) this.#drain()
    return true
  }

  #drain(): void {
    this.#running = true
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]!
      this.#head += 1
      if (this.#head === this.#items.length) {
        this.#items = []
        this.#head = 0
      }
      const running = this.#run(item)
      if (running) {
        void running.then(() => this.#drain())
        return
      }
    }
    this.#running = false
    this.#idle()
  }
}
