import type { LiveClock } from '../live/clock.ts'
import { atTurnEnd } from './turn.ts'

/** The time of this process: live values and simulations of all rooms go by it. */
export const liveClock: LiveClock = {
  now: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  atTurnEnd: (then) => atTurnEnd('rooms', then),
}
