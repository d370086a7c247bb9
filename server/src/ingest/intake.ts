import { setTimeout as delay } from 'node:timers/promises'
import { InterplayError } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import type { EventRequest } from '../events/dispatch.ts'
import type { Registry } from '../room/registry.ts'
import { handIn } from './hand-in.ts'

export interface IntakeRequest extends Omit<EventRequest, 'sessionId'> {
  readonly room: string
}

const firstRetryMs = 50
const lastRetryMs = 5_000

/** The way into rooms for a stream of messages: events of a room are handed to it in the order in which they came. */
export class Intake {
  readonly #registry: Registry
  /** For each room the end of the turn that was taken last. */
  readonly #turns = new Map<string, Promise<void>>()

  constructor(registry: Registry) {
    this.#registry = registry
  }

  /**
   * Resolves once the event has its outcome, durably. What passes is waited for and tried again with the same id: a full
   * inbox, a log that cannot be read, a room that closed. Rejects only when aborted; the event may run yet then.
   */
  async take(request: IntakeRequest, abortSignal: AbortSignal): Promise<Outcome> {
    const turn = this.#turn(request.room)
    try {
      await turn.before
      for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
        abortSignal.throwIfAborted()
        const outcome = await this.#attempt(request, abortSignal, turn.pass)
        if (outcome) return outcome
        await delay(retryMs, null, { signal: abortSignal })
      }
    } finally {
      turn.pass()
    }
  }

  /** `null` where another attempt may succeed. */
  async #attempt(
    request: IntakeRequest,
    abortSignal: AbortSignal,
    taken: () => void,
  ): Promise<Outcome | null> {
    try {
      return await this.#registry.use(request.room, async (room) => {
        abortSignal.throwIfAborted()
        const { outcome, refused } = handIn(room, request)
        if (refused) return null
        taken()
        return await outcome
      })
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      return error.retry ? null : { ok: false, error: error.toJSON() }
    }
  }

  /** A turn in a room's queue: it begins when the one before it has been passed on. */
  #turn(room: string): { before: Promise<void> | undefined; pass: () => void } {
    const before = this.#turns.get(room)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turns.set(room, promise)
    const pass = () => {
      if (this.#turns.get(room) === promise) this.#turns.delete(room)
      resolve()
    }
    return { before, pass }
  }
}
