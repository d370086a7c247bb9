import type { Writable } from 'node:stream'

/** Holds what is written to a stream until the end of the turn: the frames of a turn leave in one system call. */
export class TurnCork {
  readonly #stream: Writable
  #held = false

  constructor(stream: Writable) {
    this.#stream = stream
  }

  /** Call before a write. */
  hold(): void {
    if (this.#held) return
    this.#held = true
    this.#stream.cork()
    setImmediate(() => {
      this.#held = false
      this.#stream.uncork()
    })
  }
}
