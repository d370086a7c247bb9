import { useEffect, useState } from 'react'
import { useDispatch, useStatus } from './room.ts'

/** Who the server takes this browser for, and by how much its clock is ahead of ours. */
export interface Session {
  readonly userId: string
  readonly clockAheadMs: number
}

/** A quicker answer would not tell the time better in a way that anybody sees. */
const goodEnoughMs = 150
const attempts = 3

/** `null` until the server has answered. Asked again after every time offline: clocks are set, laptops sleep. */
export function useSession(): Session | null {
  const dispatch = useDispatch()
  const { at } = useStatus()
  const connected = at === 'synced' || at === 'unsaved'
  const [session, setSession] = useState<Session | null>(null)

  useEffect(() => {
    if (!connected) return
    const abort = new AbortController()
    const ask = async () => {
      let bestMs = Number.POSITIVE_INFINITY
      for (let attempt = 0; attempt < attempts && bestMs > goodEnoughMs; attempt++) {
        const sentAt = Date.now()
        const { userId, now } = await dispatch('me', undefined, { signal: abort.signal })
        const tookMs = Date.now() - sentAt
        if (tookMs >= bestMs) continue
        bestMs = tookMs
        setSession({ userId, clockAheadMs: now - (sentAt + tookMs / 2) })
      }
    }
    // Without an answer the last one stands: our own clock, at worst.
    ask().catch(() => {})
    return () => abort.abort()
  }, [dispatch, connected])

  return session
}
