import type { AnyRoom, EventName } from '@interplay/shared'
import { InterplayError } from '@interplay/shared'
import type { Actor, EventContext } from './context.ts'
import { isPromiseLike, when } from './when.ts'

/**
 * Code around the guard and handler of every event. `next` goes on, and returns what the handler returns (a promise, if it
 * returns one); what the middleware returns is the output. Without a call of `next` the handler does not run. What the
 * handler threw may be replaced by another error, not by an output. `Middleware` alone fits every room, and has of the
 * context what they have in common; `Middleware<typeof board>` fits one.
 */
export type Middleware<R extends AnyRoom = AnyRoom, A extends Actor = Actor> = (
  context: AnyRoom extends R ? CommonContext<A> : EventContext<R, EventName<R>, A>,
  next: () => unknown,
) => unknown

/** What the contexts of all events have, whatever their room. */
export type CommonContext<A extends Actor = Actor> = Pick<
  EventContext<AnyRoom, string, A>,
  'id' | 'actor' | 'sessionId' | 'room' | 'now' | 'fail' | 'logger' | 'abortSignal' | 'cancel' | 'webhook'
> & {
  readonly event: string
  readonly input: unknown
  readonly params: Readonly<Record<string, string>>
}

/**
 * Middlewares around a core, the first one outermost. They succeed only with the core: it has ended when they return, and
 * what it threw may become another error, but no answer, since half of what it did cannot be undone alone.
 */
export function compose<Context>(
  middlewares: readonly ((context: Context, next: () => unknown) => unknown)[],
  context: Context,
  core: () => unknown,
): unknown {
  let inner: { readonly at: 'unasked' | 'under way' | 'ended' } | { readonly at: 'failed'; error: unknown } =
    {
      at: 'unasked',
    }
  const enterCore = () => {
    inner = { at: 'under way' }
    return when(
      core,
      (output) => {
        inner = { at: 'ended' }
        return output
      },
      (error) => {
        inner = { at: 'failed', error }
        throw error
      },
    )
  }
  const enter = (index: number): unknown => {
    const middleware = middlewares[index]
    if (!middleware) return enterCore()
    let entered = false
    return middleware(context, () => {
      if (entered) throw new Error('A middleware called next() twice.')
      entered = true
      const result = enter(index + 1)
      // Where nobody waits for it, its failure must not end the process.
      if (isPromiseLike(result)) result.then(undefined, () => {})
      return result
    })
  }
  return when(
    () => enter(0),
    (output) => {
      if (inner.at === 'under way')
        throw new Error('A middleware did not wait for next(): return or await it.')
      if (inner.at === 'failed') throw inner.error
      return output
    },
    rethrow,
  )
}

function rethrow(error: unknown): never {
  throw error
}

export interface RateLimit {
  readonly perSecond: number
  /** Events that may come at once after a pause. @default perSecond, at least 1 */
  readonly burst?: number
  /** What has a rate of its own: each user of a room, each session, or the room as a whole. @default 'user' */
  readonly by?: 'user' | 'session' | 'room'
}

interface Bucket {
  tokens: number
  at: number
}

/** From so many buckets on, full ones are dropped: they say nothing. */
const minSweep = 10_000

/**
 * Refuses events beyond a rate with `rate-limited`; `details.retryAfterMs` says when the next one passes. A token bucket per
 * key. For all events with `use(rateLimit(…))`, for one with `{ use: rateLimit(…), handle }`.
 */
export function rateLimit({ perSecond, burst = Math.max(1, perSecond), by = 'user' }: RateLimit) {
  if (!(perSecond > 0) || !(burst >= 1))
    throw new TypeError('rateLimit: perSecond is above 0, and burst at least 1.')
  const buckets = new Map<string, Bucket>()
  let sweepAt = minSweep

  const take = (key: string, now: number): number => {
    const bucket = buckets.get(key)
    if (!bucket) {
      if (buckets.size >= sweepAt) dropFull(now)
      buckets.set(key, { tokens: burst - 1, at: now })
      return 0
    }
    // A clock that was set back gives nothing, and takes nothing.
    const passed = Math.max(0, now - bucket.at)
    bucket.tokens = Math.min(burst, bucket.tokens + (passed / 1000) * perSecond)
    bucket.at = now
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000)
    bucket.tokens -= 1
    return 0
  }
  const dropFull = (now: number) => {
    for (const [key, { tokens, at }] of buckets)
      if (tokens + ((now - at) / 1000) * perSecond >= burst) buckets.delete(key)
    // Looking through them all again pays once as many have come.
    sweepAt = Math.max(minSweep, 2 * buckets.size)
  }

  return (
    context: {
      readonly room: string
      readonly actor: Actor
      readonly sessionId: string | null
      readonly now: number
    },
    next: () => unknown,
  ): unknown => {
    const { room, actor, sessionId, now } = context
    const who = by === 'room' ? '' : by === 'session' ? (sessionId ?? actor.userId) : actor.userId
    const retryAfterMs = take(`${room}\n${who}`, now)
    if (retryAfterMs > 0) {
      const message = `More than ${perSecond} events a second. Try again in ${retryAfterMs} ms.`
      throw new InterplayError('rate-limited', message, { details: { retryAfterMs } })
    }
    return next()
  }
}
