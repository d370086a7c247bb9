import type { DueTask } from '../log/log.ts'

interface Rest {
  readonly task: DueTask
  readonly ms: number
  /** `null` once it is over. */
  timer: NodeJS.Timeout | null
}

/** Of very many, those beyond are found when their line begins anew. */
const maxResting = 1_000

/** Tasks that could not be done just now, by their key: they are tried again after a while, as they are. */
export class Resting {
  readonly #rests = new Map<string, Rest>()
  readonly #over: () => void

  /** `over` is called when the rest of a task is. */
  constructor(over: () => void) {
    this.#over = over
  }

  has(key: string): boolean {
    return this.#rests.has(key)
  }

  begin(key: string, task: DueTask, ms: number): void {
    if (this.#rests.size >= maxResting) return
    const timer = setTimeout(() => {
      rest.timer = null
      this.#over()
    }, ms)
    timer.unref()
    const rest: Rest = { task, ms, timer }
    this.#rests.set(key, rest)
  }

  /** Forgets a task: it was replaced, or is tried again. */
  end(key: string): void {
    const rest = this.#rests.get(key)
    if (!rest) return
    if (rest.timer) clearTimeout(rest.timer)
    this.#rests.delete(key)
  }

  /** Those whose rest is over, and how long it was. */
  get rested(): readonly [key: string, task: DueTask, ms: number][] {
    return [...this.#rests].flatMap(([key, { task, ms, timer }]) => (timer ? [] : [[key, task, ms]]))
  }

  stop(): void {
    for (const key of this.#rests.keys()) this.end(key)
  }
}
