import type { UpdateLog } from '@interplay/server'

export interface SnapshotCounts {
  snapshots: number
  /** Those that kept a note of what reactions had not seen. */
  notes: number
}

/** A log that counts the snapshots that are handed to it. */
export function countingLog(log: UpdateLog, counts: SnapshotCounts): UpdateLog {
  const compact: UpdateLog['compact'] = (room, position, snapshot, note) => {
    counts.snapshots += 1
    if (note) counts.notes += 1
    return log.compact(room, position, snapshot, note)
  }
  return new Proxy(log, {
    get: (_, name: keyof UpdateLog) => (name === 'compact' ? compact : log[name].bind(log)),
  })
}
