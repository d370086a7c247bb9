import { InterplayError } from '@interplay/shared'
import { type Dispatch, newEventId, type Outcome, readFrame, writeFrame } from '@interplay/shared/protocol'
import type { Clock } from './clock.ts'

/** Events of one room that wait for their answers at the same time; more wait here until it is their turn. */
export const windowSize = 256

interface Pending {
  readonly eventId: string
  readonly since: number
  /** The `Dispatch` frame, as it goes out next. */
  frame: Uint8Array
  /** How often it went out, on any connection. */
  sent: number
  resolve(output: unknown): void
  reject(error: InterplayError): void
  /** Stops listening for its abort. */
  forget(): void
}

export interface OutboxHost {
  readonly room: string
  readonly clock: Clock
  /** Bytes of the largest frame the server takes. */
  maxFrameBytes(): number
  send(frame: Uint8Array): void
  /** {@link Outbox.size} is another one. */
  changed(): void
}

/** Dispatched events until they are answered: in order, sent again with the same id after a lost connection. */
export class Outbox {
  readonly #host: OutboxHost
  /** In the order of their dispatch. */
  readonly #pending = new Map<string, Pending>()
  /** Those that are not on the current connection yet. */
  #queue: Pending[] = []
  readonly #inFlight = new Set<Pending>()
  #live = false

  constructor(host: OutboxHost) {
    this.#host = host
  }

  get size(): number {
    return this.#pending.size
  }

  /** When the oldest was dispatched. */
  get since(): number | null {
    for (const { since } of this.#pending.values()) return since
    return null
  }

  async dispatch(event: string, input: unknown, signal?: AbortSignal): Promise<unknown> {
    if (signal?.aborted) throw cancelled(false)
    const { room, clock } = this.#host
    const eventId = newEventId(clock.now())
    const frame = write({ kind: 'dispatch', room, eventId, attempt: 0, event, input })
    const max = this.#host.maxFrameBytes()
    if (frame.length > max) throw tooLarge(event, frame.length, max)
    return new Promise((resolve, reject) => {
      const abort = () => this.#settle(pending, () => reject(cancelled(pending.sent > 0)))
      const forget = () => signal?.removeEventListener('abort', abort)
      const pending: Pending = { eventId, since: clock.now(), frame, sent: 0, resolve, reject, forget }
      signal?.addEventListener('abort', abort)
      this.#pending.set(eventId, pending)
      this.#queue.push(pending)
      this.#pump()
      this.#host.changed()
    })
  }

  /** The room is live: what has no answer yet goes out, in order. */
  resume(): void {
    this.#live = true
    this.#pump()
  }

  suspend(): void {
    this.#live = false
    this.#inFlight.clear()
    this.#queue = [...this.#pending.values()]
  }

  /** An answer of the server. One that nobody waits for (given up, answered twice) is dropped. */
  answer(eventId: string, outcome: Outcome): void {
    const pending = this.#pending.get(eventId)
    if (!pending) return
    const error = outcome.ok ? null : InterplayError.from(outcome.error)
    this.#settle(pending, () =>
      error ? pending.reject(error) : pending.resolve(outcome.ok && outcome.output),
    )
  }

  /** Nothing will be answered any more. */
  fail(reason: (sent: boolean) => InterplayError): void {
    for (const pending of [...this.#pending.values()]) {
      this.#settle(pending, () => pending.reject(reason(pending.sent > 0)))
    }
  }

  #pump(): void {
    if (!this.#live) return
    let taken = 0
    while (this.#inFlight.size < windowSize && taken < this.#queue.length) {
      const pending = this.#queue[taken++]!
      if (!this.#pending.has(pending.eventId)) continue
      if (pending.sent > 0) pending.frame = withAttempt(pending.frame, pending.sent)
      pending.sent++
      this.#inFlight.add(pending)
      this.#host.send(pending.frame)
    }
    this.#queue.splice(0, taken)
  }

  #settle(pending: Pending, settle: () => void): void {
    this.#pending.delete(pending.eventId)
    this.#inFlight.delete(pending)
    pending.forget()
    settle()
    this.#pump()
    this.#host.changed()
  }
}

function write(frame: Dispatch): Uint8Array {
  try {
    return writeFrame(frame)
  } catch (cause) {
    throw new InterplayError('invalid-input', `The input of "${frame.event}" is not JSON`, { cause })
  }
}

function withAttempt(bytes: Uint8Array, attempt: number): Uint8Array {
  const frame = readFrame(bytes)
  return frame.kind === 'dispatch' ? writeFrame({ ...frame, attempt }) : bytes
}

/** The error of an event that nobody waits for any more. */
export function cancelled(sent: boolean): InterplayError {
  return new InterplayError(
    'cancelled',
    sent
      ? 'Nobody waits for this event any more. It was sent: its effect may still happen.'
      : 'The event was given up before it was sent. It has no effect.',
  )
}

function tooLarge(event: string, bytes: number, max: number): InterplayError {
  return new InterplayError(
    'too-large',
    `The input of "${event}" makes ${bytes} bytes; the server takes ${max}.`,
  )
}
