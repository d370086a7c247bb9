import { setTimeout as wait } from 'node:timers/promises'
import { InterplayError } from '@interplay/shared'
import type { Webhook } from 'standardwebhooks'
import { doubled, jittered, type Random, retryAfterMs } from '../jobs/backoff.ts'
import { type CallEnd, CircuitBreaker, type CircuitOptions } from '../jobs/circuit-breaker.ts'
import {
  type PostAnswer,
  type Posted,
  postUrl,
  signedPost,
  timeoutOf,
  webhookOf,
} from '../jobs/signed-post.ts'
import { badReply, type Outage, unavailable } from './failure.ts'
import { type RemoteReply, readReply } from './reply.ts'

export interface ServiceOptions {
  /** Where the service is. It is configured by the developer: never made of anything that a client sends. */
  readonly url: string
  /** The key that both sides sign with: base64, with or without `whsec_` before it. */
  readonly secret: string
  /** Time that one request may take. @default 3_000 */
  readonly timeoutMs?: number
  /** Requests after a first one that failed. @default 2 */
  readonly retries?: number
  /** Time for all requests and the waits in between. Keep it below the deadline of the event. @default 8_000 */
  readonly deadlineMs?: number
  /** Bytes of the longest answer. @default 1_048_576 */
  readonly maxReplyBytes?: number
  /** Whether the answer must be signed too. @default false */
  readonly verifyReply?: boolean
  /** Sent along, such as `authorization`. @default {} */
  readonly headers?: Readonly<Record<string, string>>
  /** When a service that fails is left alone, and for how long; shared by all handlers of its URL. @default 5 failures, 10_000 ms */
  readonly circuit?: CircuitOptions
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  /** @default Math.random */
  readonly random?: Random
}

/** An event as it is sent, without the number of its attempt. */
export type ServiceMessage = { readonly id: string } & Readonly<Record<string, unknown>>

/** What one request led to. */
type Step =
  | { readonly at: 'replied'; readonly reply: RemoteReply }
  | { readonly at: 'failed'; readonly why: Outage; readonly retryAfterMs: number | null }

const backoff = { firstMs: 100, maxMs: 2_000 }
/** What a service may say with `Retry-After` at most. */
const maxRetryAfterMs = 24 * 60 * 60 * 1000

/** What one handler learned of an address, the others know. */
const breakers = new Map<string, CircuitBreaker>()

/** A service that answers events: asked again while it fails and time is left, left alone when it fails too often. */
export class Service {
  readonly url: string
  readonly #options: Required<Omit<ServiceOptions, 'url' | 'secret' | 'headers' | 'circuit'>>
  readonly #webhook: Webhook
  readonly #headers: Headers
  readonly #breaker: CircuitBreaker

  constructor({ url, secret, headers, circuit = {}, ...options }: ServiceOptions) {
    this.#options = {
      timeoutMs: timeoutOf(options.timeoutMs ?? 3_000, 'remote()'),
      retries: options.retries ?? 2,
      deadlineMs: options.deadlineMs ?? 8_000,
      maxReplyBytes: options.maxReplyBytes ?? 1024 * 1024,
      verifyReply: options.verifyReply ?? false,
      clock: options.clock ?? Date.now,
      random: options.random ?? Math.random,
    }
    this.url = postUrl(url, 'remote()')
    this.#webhook = webhookOf(secret, 'remote()')
    this.#headers = new Headers(headers)
    this.#breaker = breakerOf(this.url, circuit, this.#options)
  }

  /** Rejects with `unavailable`, with `internal` for an answer that is no reply, or as the signal was aborted. */
  async ask(message: ServiceMessage, abortSignal: AbortSignal): Promise<RemoteReply> {
    const { clock, random, retries, deadlineMs } = this.#options
    const deadline = clock() + deadlineMs
    for (let attempt = 1; ; attempt++) {
      const step = await this.#attempt({ ...message, attempt }, deadline, abortSignal)
      if (step.at === 'replied') return step.reply
      const pauseMs = Math.max(jittered(doubled(attempt, backoff), random), step.retryAfterMs ?? 0)
      if (attempt > retries || clock() + pauseMs >= deadline) throw unavailable(step.why, step.retryAfterMs)
      await pause(pauseMs, abortSignal)
    }
  }

  async #attempt(message: ServiceMessage, deadline: number, abortSignal: AbortSignal): Promise<Step> {
    const body = JSON.stringify(message)
    const entry = this.#breaker.enter()
    if (entry.at === 'refused') throw unavailable('circuit-open', entry.retryAfterMs)
    const now = this.#options.clock()
    const posted = await signedPost({
      url: this.url,
      webhook: this.#webhook,
      id: message.id,
      body,
      headers: this.#headers,
      now,
      timeoutMs: Math.max(1, Math.min(this.#options.timeoutMs, deadline - now)),
      abortSignal,
      maxBodyBytes: this.#options.maxReplyBytes,
      fetch,
    })
    this.#breaker.leave(entry.token, endOf(posted, abortSignal))
    abortSignal.throwIfAborted()
    return this.#stepOf(posted)
  }

  #stepOf(posted: Posted): Step {
    if (posted.at === 'failed') return failedBy(posted.reason)
    const { status, headers, body } = posted
    if (isOverloaded(status)) {
      const asked = retryAfterMs(headers.get('retry-after'), this.#options.clock(), maxRetryAfterMs)
      return { at: 'failed', why: 'status', retryAfterMs: asked }
    }
    if (status !== 200) throw badReply(`its status is ${status}`)
    if (body.at === 'broken') return failedBy(body.reason)
    if (body.at === 'too-large') throw badReply(`it is longer than ${this.#options.maxReplyBytes} bytes`)
    if (this.#options.verifyReply) this.#verify(posted, body.bytes)
    return { at: 'replied', reply: readReply(body.bytes) }
  }

  /**
   * A reply is signed like the request, with the request's `webhook-signature` as its id: so nothing that was signed
   * before fits, the request itself and replies to others among it.
   */
  #verify({ headers, signature }: PostAnswer, bytes: Buffer): void {
    if (headers.get('webhook-id') !== signature) throw badReply('it is not signed for this request')
    try {
      this.#webhook.verify(bytes, Object.fromEntries(headers), { jsonParse: false })
    } catch {
      throw badReply('its signature is not valid')
    }
  }
}

function failedBy(reason: 'network' | 'timeout' | 'aborted'): Step {
  return { at: 'failed', why: reason === 'timeout' ? 'timeout' : 'network', retryAfterMs: null }
}

/** A service that answers nonsense works; one that is too slow for the event's deadline does not. */
function endOf(posted: Posted, abortSignal: AbortSignal): CallEnd {
  const fault = posted.at === 'failed' ? posted : posted.body.at === 'broken' ? posted.body : null
  if (fault?.reason === 'aborted') {
    const late =
      abortSignal.reason instanceof InterplayError && abortSignal.reason.code === 'deadline-exceeded'
    return late ? 'failed' : 'abandoned'
  }
  return fault || (posted.at === 'answered' && isOverloaded(posted.status)) ? 'failed' : 'answered'
}

function isOverloaded(status: number): boolean {
  return status === 429 || status >= 500
}

async function pause(ms: number, abortSignal: AbortSignal): Promise<void> {
  await wait(ms, null, { signal: abortSignal }).catch(() => {})
  abortSignal.throwIfAborted()
}

function breakerOf(
  url: string,
  circuit: CircuitOptions,
  { timeoutMs, clock }: { readonly timeoutMs: number; readonly clock: () => number },
): CircuitBreaker {
  const key = JSON.stringify([url, circuit.failures, circuit.openMs])
  let breaker = breakers.get(key)
  if (!breaker) {
    breaker = new CircuitBreaker(circuit, timeoutMs, clock)
    breakers.set(key, breaker)
  }
  return breaker
}
