import type { LiveMeter } from '../live/viewer.ts'
import type { Metrics } from '../observe/metrics.ts'

/** Counts live values for `/metrics`. */
export function liveMeter(metrics: Metrics): LiveMeter {
  return {
    encoded(bytes) {
      metrics.liveMessages.inc()
      metrics.liveBytes.inc(bytes)
    },
    sent: (frames) => metrics.liveSent.inc(frames),
    skipped: (sessions) => metrics.liveSkipped.inc(sessions),
  }
}
