/** Bytes and items that may wait for a join to end. */
const maxWaitingBytes = 5 * 1024 * 1024
const maxWaiting = 1_000

/**
 * Works items off in their order: at once where it can, waiting where one takes time. Before it is opened everything
 * waits, within bounds.
 */
export class Backlog<T = unknown> {
  readonly #process: (item: T) => void | Promise<void>
  #waiting: T[] = []
  #waitingBytes = 0
  #opened = false
  #busy = false

  /** `process` must not throw or reject. */
  constructor(process: (item: T) => void | Promise<void>) {
    this.#process = process
  }

  /** Returns `false` if too much waits for the join. */
  add(item: T): boolean {
    if (this.#opened && !this.#busy) {
      const working = this.#process(item)
      if (working) this.#await(working)
      return true
    }
    this.#waiting.push(item)
    if (this.#opened) return true
    this.#waitingBytes += item instanceof Uint8Array ? item.length : 0
    return this.#waiting.length <= maxWaiting && this.#waitingBytes <= maxWaitingBytes
  }

  open(): void {
    this.#opened = true
    this.#drain()
  }

  clear(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #await(working: Promise<void>): void {
    this.#busy = true
    void working.then(() => {
      this.#busy = false
      this.#drain()
    })
  }

  #drain(): void {
    while (this.#waiting.length > 0 && !this.#busy) {
      const working = this.#process(this.#waiting.shift()!)
      if (working) this.#await(working)
    }
  }
}
