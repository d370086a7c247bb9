import type { Document } from '@hocuspocus/server'
import * as Y from 'yjs'
import type { CorruptRow, StoredRoom } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Reactions } from './reactions.ts'

/** Puts what the log holds into the document. Returns whether all that belongs there could be read. */
export function fill(
  document: Document,
  stored: StoredRoom,
  room: string,
  { logger, metrics }: { logger: Logger; metrics: Metrics },
  reactions: Reactions,
): boolean {
  const corrupt: Omit<CorruptRow, 'room'>[] = stored.corrupt.map(({ room: _, ...row }) => row)
  const apply = (part: 'snapshot' | 'entry', position: number, update: Uint8Array) => {
    try {
      Y.applyUpdate(document, update)
    } catch (error) {
      corrupt.push({ part, position, reason: String(error) })
    }
  }
  const { snapshot, updates } = stored
  const position = (updates[0]?.position ?? stored.position + 1) - 1
  // What the snapshot's reactions had not seen is in its note.
  if (snapshot) reactions.replay([{ position: 0, by: null }], () => apply('snapshot', position, snapshot))
  reactions.replay(updates, (together) =>
    document.transact(() => {
      for (const { position, update } of together) apply('entry', position, update)
    }),
  )
  // Nobody is connected yet: what loading queued for broadcast goes nowhere.
  document.flush()
  for (const row of corrupt)
    logger.error({ room, ...row }, 'a row of the log cannot be read: it is kept, and skipped')
  metrics.damaged.inc(corrupt.length)
  return corrupt.every(({ part }) => part !== 'snapshot' && part !== 'entry')
}
