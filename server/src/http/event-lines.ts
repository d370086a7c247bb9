import { setTimeout as delay } from 'node:timers/promises'
import { type ErrorBody, InterplayError } from '@interplay/shared'
import { newEventId, type Outcome } from '@interplay/shared/protocol'
import type { Actor } from '../events/context.ts'
import { checkEventId, type HandedIn, handIn } from '../ingest/hand-in.ts'
import type { Room } from '../room/room.ts'
import { readLines } from './lines.ts'

export interface EventLinesOptions {
  /** Events that may be without an answer at once. */
  readonly maxInFlight: number
  readonly maxLineBytes: number
  readonly maxBytes: number
  /** Aborted when the server closes: what was read is answered still, and the rest refused. */
  readonly closing: AbortSignal
}

/** Bytes of input that may be without an answer at once; a single line may have more. */
const maxBytesInFlight = 8 * 1024 * 1024

/** An inbox that others have filled is tried again, so that a large import does not have to be pieced together. */
const inboxRetries = 100
const inboxRetryMs = 50

/** A line that waits for its turn to be answered. */
interface Pending {
  readonly bytes: number
  answer: string | null
}

/**
 * The events of an NDJSON body, dispatched in their order, and answered in that order by a line each, while the body still
 * comes in. It reads on only while few events are without an answer and the answers are read, so it holds a bounded
 * part of both.
 */
export class EventLines {
  readonly response: Response
  /** Resolves when the last answer is out, or the caller is gone. Never rejects. */
  readonly ended: Promise<void>
  readonly #room: Room
  readonly #actor: Actor
  readonly #options: EventLinesOptions
  readonly #pending: Pending[] = []
  readonly #gone = new AbortController()
  readonly #encoder = new TextEncoder()
  #answers!: ReadableStreamDefaultController<Uint8Array>
  #bytesInFlight = 0
  #flushing = false
  #progress = Promise.withResolvers<void>()

  constructor(room: Room, actor: Actor, body: ReadableStream<Uint8Array>, options: EventLinesOptions) {
    this.#room = room
    this.#actor = actor
    this.#options = options
    // As many bytes of answers as an ordinary body may have: a caller may send everything before it reads.
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: options.maxLineBytes })
    const answers = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#answers = controller
        },
        pull: () => this.#wake(),
        cancel: () => {
          this.#gone.abort()
          this.#wake()
        },
      },
      strategy,
    )
    this.response = new Response(answers, {
      headers: { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' },
    })
    this.ended = this.#pump(body)
  }

  async #pump(body: ReadableStream<Uint8Array>): Promise<void> {
    const { closing } = this.#options
    const gone = this.#gone.signal
    try {
      for await (const line of readLines(body, this.#options, AbortSignal.any([gone, closing]))) {
        if ('fault' in line) this.#answer(this.#expect(0), null, failed(line.fault, line.number))
        else await this.#dispatch(line.bytes, line.number)
        while (this.#isFull && !gone.aborted) await this.#progressed()
      }
    } catch {
      // The body broke off, and nobody is there to be told. What was dispatched runs.
      this.#gone.abort()
    }
    if (closing.aborted) this.#answer(this.#expect(0), null, failed(goingAway()))
    while (this.#pending.length > 0 && !gone.aborted) await this.#progressed()
    if (!gone.aborted) this.#answers.close()
  }

  async #dispatch(bytes: Uint8Array, line: number): Promise<void> {
    const pending = this.#expect(bytes.length)
    let id: string | null = null
    try {
      const request = { ...readEvent(bytes), actor: this.#actor }
      id = request.id
      let handed = handIn(this.#room, request)
      for (let retry = 0; retry < inboxRetries && (await isOverloaded(handed)); retry++) {
        await delay(inboxRetryMs)
        handed = handIn(this.#room, request)
      }
      handed.outcome.then(
        (outcome) => this.#answer(pending, id, outcome.ok ? outcome : failed(outcome.error, line)),
        (error) => this.#answer(pending, id, failed(error, line)),
      )
    } catch (error) {
      this.#answer(pending, id, failed(error as InterplayError, line))
    }
  }

  get #isFull(): boolean {
    return (
      this.#pending.length >= this.#options.maxInFlight ||
      this.#bytesInFlight >= maxBytesInFlight ||
      (this.#answers.desiredSize ?? 0) <= 0
    )
  }

  #expect(bytes: number): Pending {
    const pending: Pending = { bytes, answer: null }
    this.#pending.push(pending)
    this.#bytesInFlight += bytes
    return pending
  }

  #answer(pending: Pending, id: string | null, outcome: Outcome): void {
    const body = outcome.ok ? { id, ok: true, output: outcome.output ?? null } : { id, ...outcome }
    pending.answer = `${JSON.stringify(body)}\n`
    if (this.#flushing) return
    // Those that are answered in one turn leave in one piece.
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = false
    let text = ''
    while (this.#pending[0]?.answer) {
      const { bytes, answer } = this.#pending.shift()!
      this.#bytesInFlight -= bytes
      text += answer
    }
    if (text !== '' && !this.#gone.signal.aborted) this.#answers.enqueue(this.#encoder.encode(text))
    this.#wake()
  }

  #progressed(): Promise<void> {
    this.#progress = Promise.withResolvers()
    return this.#progress.promise
  }

  #wake(): void {
    this.#progress.resolve()
  }
}

function readEvent(bytes: Uint8Array): { id: string; event: string; input: unknown } {
  let line: unknown
  try {
    line = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new InterplayError('malformed', 'The line is not JSON.')
  }
  const { id, event, input } = (line ?? {}) as Record<string, unknown>
  if (typeof event !== 'string') {
    throw new InterplayError('malformed', 'A line is { "id"?, "event", "input"? }; this one has no event.')
  }
  if (id === undefined) return { id: newEventId(), event, input }
  if (typeof id !== 'string') throw new InterplayError('malformed', 'An id is a string.')
  return { id: checkEventId(id, 'An id'), event, input }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

async function isOverloaded({ refused, outcome }: HandedIn): Promise<boolean> {
  if (!refused) return false
  const answer = await outcome
  return !answer.ok && answer.error.code === 'overloaded'
}

function failed(error: ErrorBody, line?: number): Outcome {
  const { code, message, issues, details } = error
  const where = details ?? (line === undefined ? undefined : { line })
  return {
    ok: false,
    error: {
      code,
      message,
      ...(issues && issues.length > 0 && { issues }),
      ...(where !== undefined && { details: where }),
    },
  }
}

function goingAway(): InterplayError {
  return new InterplayError(
    'unavailable',
    'The server is going away. Send the lines without an answer again.',
  )
}
