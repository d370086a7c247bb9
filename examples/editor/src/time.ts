import { useEffect, useState } from 'react'

const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** Says how long ago a time was, and keeps it true. */
export function useAgo(): (at: number) => string {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return (at) => {
    const passedMs = Math.max(0, now - at)
    const unit = units.find(([, ms]) => passedMs >= ms)
    return unit ? format.format(-Math.floor(passedMs / unit[1]), unit[0]) : 'just now'
  }
}
