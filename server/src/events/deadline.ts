import { InterplayError } from '@interplay/shared'
import { isPromiseLike } from './when.ts'

/**
 * The time that an event's code may take. Code past it is told by its signal and no longer waited for. Code that returns
 * at once costs no timer, and code that does not ask for the signal no controller.
 */
export class Deadline {
  readonly #ms: number
  readonly #what: string
  #controller: AbortController | null = null
  #timer: NodeJS.Timeout | null = null
  #reject: ((error: InterplayError) => void) | null = null
  #error: InterplayError | null = null

  constructor(ms: number, what: string) {
    this.#ms = ms
    this.#what = what
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#error) this.#controller.abort(this.#error)
    return this.#controller.signal
  }

  get passed(): boolean {
    return this.#error !== null
  }

  /** Set once it has passed. */
  get error(): InterplayError | null {
    return this.#error
  }

  /** Waits for a result, until the deadline. Rejects with `deadline-exceeded`. */
  hold<T>(result: T | PromiseLike<T>): T | Promise<T> {
    if (!isPromiseLike(result)) return result
    this.#timer ??= setTimeout(() => this.#pass(), this.#ms)
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject
      result.then(resolve, reject)
    })
  }

  end(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }

  #pass(): void {
    this.#error = new InterplayError('deadline-exceeded', `${this.#what} took longer than ${this.#ms} ms.`)
    this.#controller?.abort(this.#error)
    this.#reject?.(this.#error)
  }
}
