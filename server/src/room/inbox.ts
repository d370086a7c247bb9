/** A room's queue of events: first in, first out, one at a time, of bounded length. */
export class Inbox<T> {
  readonly #run: (item: T) => Promise<void>
  readonly #idle: () => void
  readonly #limit: number
  #items: T[] = []
  #head = 0
  #running = false

  /** `run` never rejects; `idle` is called whenever the inbox has become empty. */
  constructor(limit: number, run: (item: T) => Promise<void>, idle: () => void) {
    this.#limit = limit
    this.#run = run
    this.#idle = idle
  }

  get length(): number {
    return this.#items.length - this.#head + (this.#running ? 1 : 0)
  }

  /** Takes an item, or returns `false` if the inbox is full. */
  offer(item: T): boolean {
    if (this.length >= this.#limit) return false
    this.#items.push(item)
    if (!this.#running) void this.#drain()
    return true
  }

  async #drain(): Promise<void> {
    this.#running = true
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]!
      this.#head += 1
      if (this.#head === this.#items.length) {
        this.#items = []
        this.#head = 0
      }
      await this.#run(item)
    }
    this.#running = false
    this.#idle()
  }
}
