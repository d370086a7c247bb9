import { InterplayError } from '@interplay/shared'
import { Deadline } from '../events/deadline.ts'
import type { AnyJob } from '../events/implement.ts'

/** The longest that a timer can be set for. */
const maxTimerMs = 2 ** 31 - 1

/**
 * One attempt of a job: its code, and whether it may still do anything. Code cannot be stopped: what was cancelled, or took
 * too long, changes nothing any more.
 */
export class JobRun {
  /** Its task was replaced or ended while it ran, by others or by itself: its end is not recorded. */
  isReplaced = false
  /** The server closes: a failure now is no failure of the job. */
  isInterrupted = false
  readonly #controller = new AbortController()
  readonly #ended = Promise.withResolvers<never>()
  #refusal: InterplayError | null = null

  constructor() {
    // It may end before it is waited for, or after.
    this.#ended.promise.catch(() => {})
  }

  get abortSignal(): AbortSignal {
    return this.#controller.signal
  }

  /** Runs the code. Rejects with what it threw, or when it is ended or its time is over: nobody waits for it then. */
  async attempt(name: string, job: AnyJob, context: Parameters<AnyJob['handle']>[0]): Promise<void> {
    const deadline = new Deadline(Math.min(job.timeoutMs, maxTimerMs), `The job '${name}'`)
    deadline.signal.addEventListener('abort', () => this.end(deadline.signal.reason))
    try {
      await Promise.race([this.#ended.promise, deadline.hold(Promise.resolve(job.handle(context)))])
    } finally {
      deadline.end()
      this.#refusal ??= new InterplayError('cancelled', `This run of '${name}' is over.`)
    }
  }

  /** Tells it to stop while it still may change the room, so that it can put things in order. */
  interrupt(error: InterplayError): void {
    this.isInterrupted = true
    this.#controller.abort(error)
  }

  /** Refuses everything that it does from now on. */
  refuse(error: InterplayError): void {
    this.#refusal ??= error
  }

  /** The same, and tells it; nobody waits for it any longer. */
  end(error: InterplayError): void {
    this.refuse(error)
    this.#controller.abort(error)
    this.#ended.reject(error)
  }

  /** Throws once it is refused. */
  assertGoing(): void {
    if (this.#refusal) throw this.#refusal
  }
}
