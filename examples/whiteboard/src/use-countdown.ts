import { useEffect, useState } from 'react'

/** The timer says "Time's up" this long, unless somebody stops it. */
const upMs = 60_000

export type Countdown =
  | { readonly at: 'idle' }
  | { readonly at: 'running'; readonly leftMs: number }
  | { readonly at: 'up' }

/** Counts down to a moment of the server's clock, which is `clockAheadMs` ahead of this one. Changes once a second. */
export function useCountdown(endsAt: number | undefined, clockAheadMs: number): Countdown {
  const [, tick] = useState(0)
  const countdown = countdownAt(endsAt, Date.now() + clockAheadMs)

  useEffect(() => {
    if (countdown.at === 'idle') return
    // When the shown second ends: everybody's display changes at the same moment.
    const waitMs = countdown.at === 'up' ? 1_000 : countdown.leftMs % 1_000 || 1_000
    const timer = setTimeout(() => tick((count) => count + 1), waitMs + 5)
    return () => clearTimeout(timer)
  })

  return countdown
}

export function countdownAt(endsAt: number | undefined, now: number): Countdown {
  if (endsAt === undefined || now > endsAt + upMs) return { at: 'idle' }
  return now < endsAt ? { at: 'running', leftMs: endsAt - now } : { at: 'up' }
}

/** `2:05`, rounded up: `0:00` is when it is over. */
export function formatLeft(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
