import { sqliteLog } from '@interplay/server'
import type { Outcome } from '@interplay/shared/protocol'
import * as Y from 'yjs'

/** A room as the disk holds it while no server runs. */
export interface DiskRoom {
  readonly document: Y.Doc
  readonly corrupt: number
  readonly replies: ReadonlyMap<string, Outcome | null>
}

export async function readDisk(folder: string, room: string, eventIds: readonly string[]): Promise<DiskRoom> {
  const log = sqliteLog(folder)
  try {
    const { snapshot, updates, corrupt } = await log.load(room)
    const outcomes = await log.replies(room, eventIds)
    const document = new Y.Doc()
    document.transact(() => {
      for (const update of snapshot ? [snapshot, ...updates] : updates) Y.applyUpdate(document, update)
    })
    const replies = new Map(eventIds.map((id, index) => [id, outcomes[index] ?? null]))
    return { document, corrupt: corrupt.length, replies }
  } finally {
    await log.close()
  }
}
