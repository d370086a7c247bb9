import type { Room } from '../room/room.ts'
import { stateOf } from './state-of.ts'

/** The least time between two states: at most ten a second, so that a room full of typing people costs little. */
const pauseMs = 100

/** The state of a room, for those who watch it: told that there is a new one, they take the latest when they can. */
export class StateFeed {
  readonly #room: Room
  readonly #watchers = new Set<() => void>()
  #latest: string | null = null
  #timer: NodeJS.Timeout | null = null
  #toldAt = Number.NEGATIVE_INFINITY
  readonly #changed = () => {
    this.#latest = null
    const waitMs = Math.max(0, this.#toldAt + pauseMs - performance.now())
    this.#timer ??= setTimeout(() => this.#tell(), waitMs)
  }

  constructor(room: Room) {
    this.#room = room
  }

  /** JSON, made once for all who watch. */
  get latest(): string {
    this.#latest ??= JSON.stringify(stateOf(this.#room))
    return this.#latest
  }

  /** Calls `changed` at most ten times a second, until the function that it returns is called. */
  watch(changed: () => void): () => void {
    if (this.#watchers.size === 0) this.#room.document.on('update', this.#changed)
    this.#watchers.add(changed)
    return () => {
      this.#watchers.delete(changed)
      if (this.#watchers.size > 0) return
      this.#room.document.off('update', this.#changed)
      if (this.#timer) clearTimeout(this.#timer)
      this.#timer = null
      this.#latest = null
    }
  }

  #tell(): void {
    this.#timer = null
    this.#toldAt = performance.now()
    for (const changed of this.#watchers) changed()
  }
}
