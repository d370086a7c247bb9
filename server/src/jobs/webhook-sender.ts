import { jittered, type Random, retryAfterMs } from './backoff.ts'
import { type CallEnd, CircuitBreaker, type CircuitOptions } from './circuit-breaker.ts'
import { type Posted, postUrl, signedPost, timeoutOf, webhookOf } from './signed-post.ts'

/** Where webhooks go. It is configured by the developer: an address that a client could choose must not get here. */
export interface WebhookEndpoint {
  readonly url: string
  /** The key that signs, known to the receiver: base64, with or without `whsec_` before it. */
  readonly secret: string
  /** Time the receiver has to answer. @default 15_000 */
  readonly timeoutMs?: number
  /** Sent along, such as `authorization`. @default {} */
  readonly headers?: Readonly<Record<string, string>>
}

/** One message for an endpoint, the same at each attempt but for its number. */
export interface WebhookDelivery {
  /** The `webhook-id` by which the receiver knows a message it has had. */
  readonly deliveryId: string
  /** `order.paid` */
  readonly type: string
  readonly data: unknown
  /** When it happened, in milliseconds since 1970. */
  readonly at: number
  /** 1 for the first. */
  readonly attempt: number
}

/**
 * What became of an attempt. `attempted: false` says that nothing was sent, because the endpoint has failed so often
 * that its circuit is open: the next attempt has the same number.
 */
export type WebhookResult =
  | { readonly at: 'delivered' }
  | { readonly at: 'retry'; readonly afterMs: number; readonly error: string; readonly attempted: boolean }
  | { readonly at: 'dead'; readonly error: string }

export interface WebhookSenderOptions {
  readonly endpoints: Readonly<Record<string, WebhookEndpoint>>
  /** Milliseconds to wait after the first attempt, the second and so on: one more attempt than there are. @default {@link defaultSchedule} */
  readonly schedule?: readonly number[]
  /** When an endpoint that fails is left alone, and for how long. @default 5 failures, 30_000 ms */
  readonly circuit?: CircuitOptions
  /** @default the one of the platform */
  readonly fetch?: typeof fetch
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
  /** @default Math.random */
  readonly random?: Random
}

export interface WebhookSender {
  /** Makes one attempt. Never rejects. */
  send(endpoint: string, delivery: WebhookDelivery): Promise<WebhookResult>
}

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** Eleven attempts over about three days. */
export const defaultSchedule: readonly number[] = [
  0.5 * secondMs,
  2 * secondMs,
  10 * secondMs,
  minuteMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  6 * hourMs,
  24 * hourMs,
  40 * hourMs,
]

/** What a receiver may ask for with `Retry-After` at most. */
const maxRetryAfterMs = 24 * hourMs
/** What is read of an answer, so that its connection can be used again. Its content does not matter. */
const maxBodyBytes = 64 * 1024
const gone = 410

/** Sends webhooks as Standard Webhooks says. Throws a `TypeError` on an endpoint that cannot work. */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { schedule = defaultSchedule, clock = Date.now, random = Math.random } = options
  const circuit = { openMs: 30_000, ...options.circuit }
  if (!schedule.every((ms) => ms >= 0)) throw new TypeError('A schedule has times of 0 ms or more.')
  const endpoints = new Map(
    Object.entries(options.endpoints).map(([name, endpoint]) => {
      const whose = `The webhook endpoint '${name}'`
      const timeoutMs = timeoutOf(endpoint.timeoutMs ?? 15_000, whose)
      const headers = new Headers(endpoint.headers)
      const url = postUrl(endpoint.url, whose)
      const webhook = webhookOf(endpoint.secret, whose)
      const breaker = new CircuitBreaker(circuit, timeoutMs, clock)
      return [name, { url, webhook, timeoutMs, headers, breaker }] as const
    }),
  )

  return {
    async send(name, delivery) {
      const endpoint = endpoints.get(name)
      if (!endpoint) return { at: 'dead', error: `There is no webhook endpoint '${name}'.` }
      const body = bodyOf(delivery)
      if (body === null) return { at: 'dead', error: 'JSON cannot hold this message.' }
      const { breaker, ...target } = endpoint
      const entry = breaker.enter()
      if (entry.at === 'refused') {
        const error = `'${name}' has failed too often, and is left alone for a time.`
        return { at: 'retry', afterMs: entry.retryAfterMs, error, attempted: false }
      }
      const posted = await signedPost({
        ...target,
        id: delivery.deliveryId,
        body,
        now: clock(),
        abortSignal: null,
        maxBodyBytes,
        fetch: options.fetch ?? fetch,
      })
      breaker.leave(entry.token, endOf(posted))
      if (posted.at === 'answered' && posted.status >= 200 && posted.status < 300) return { at: 'delivered' }
      return failed(delivery.attempt, posted)
    },
  }

  function failed(attempt: number, posted: Posted): WebhookResult {
    const error = posted.at === 'failed' ? posted.error : `The endpoint answered ${posted.status}.`
    if (posted.at === 'answered' && posted.status === gone) return { at: 'dead', error }
    const pauseMs = schedule[Math.max(attempt, 1) - 1]
    if (pauseMs === undefined) return { at: 'dead', error }
    const asked =
      posted.at === 'answered'
        ? retryAfterMs(posted.headers.get('retry-after'), clock(), maxRetryAfterMs)
        : null
    return { at: 'retry', afterMs: Math.max(jittered(pauseMs, random), asked ?? 0), error, attempted: true }
  }
}

function bodyOf({ type, at, data }: WebhookDelivery): string | null {
  try {
    return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data })
  } catch {
    return null
  }
}

/** An endpoint that refuses one message works; one that is down, overloaded or asks for less does not. */
function endOf(posted: Posted): CallEnd {
  if (posted.at === 'failed') return posted.reason === 'aborted' ? 'abandoned' : 'failed'
  return posted.status === 429 || posted.status >= 500 ? 'failed' : 'answered'
}
