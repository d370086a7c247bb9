/** A time that doubles with each attempt, from the first one on. */
export interface Doubling {
  /** Before the second attempt. */
  readonly firstMs: number
  /** It grows no further. */
  readonly maxMs: number
}

/** Random numbers from 0 to below 1. */
export type Random = () => number

/** Milliseconds to wait after so many failed attempts, without jitter. */
export function doubled(failures: number, { firstMs, maxMs }: Doubling): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 52))
}

/** A time up to a fifth shorter or longer, so that those who failed together do not come back together. */
export function jittered(ms: number, random: Random): number {
  return Math.round(ms * (0.8 + 0.4 * random()))
}

/** RFC 9110, section 5.6.7: the one form of dates that a server may send. */
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Milliseconds that a `Retry-After` asks to wait (RFC 9110, section 10.2.3): seconds or a date. `null` without one, and
 * for what is neither. Never longer than `maxMs`, since whoever sent it may mean harm.
 */
export function retryAfterMs(header: string | null, nowMs: number, maxMs: number): number | null {
  if (header === null) return null
  const text = header.trim()
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : httpDate.test(text) ? Date.parse(text) - nowMs : NaN
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxMs)
}
