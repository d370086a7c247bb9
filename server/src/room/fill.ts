import type { Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import type { StoredRoom } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'

/** Puts what the log holds into the document. Returns whether all of it could be read. */
export function fill(
  document: Document,
  stored: StoredRoom,
  room: string,
  { logger, metrics }: { logger: Logger; metrics: Metrics },
): boolean {
  const corrupt = stored.corrupt.map(({ part, position, reason }) => ({ part, position, reason }))
  const updates = stored.snapshot ? [stored.snapshot, ...stored.updates] : stored.updates
  document.transact(() => {
    for (const [index, update] of updates.entries()) {
      try {
        Y.applyUpdate(document, update)
      } catch (error) {
        corrupt.push({
          part: 'entry',
          position: stored.position - updates.length + 1 + index,
          reason: String(error),
        })
      }
    }
  })
  // Nobody is connected yet: what loading queued for broadcast goes nowhere.
  document.flush()
  for (const row of corrupt)
    logger.error({ room, ...row }, 'a row of the log cannot be read: it is kept, and skipped')
  metrics.damaged.inc(corrupt.length)
  return corrupt.length === 0
}
