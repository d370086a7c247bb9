import { sqliteLog, type UpdateLog } from '@interplay/server'
import type { Outcome } from '@interplay/shared/protocol'
import * as Y from 'yjs'

/** A room as the disk holds it while no server runs. */
export interface DiskRoom {
  readonly document: Y.Doc
  readonly corrupt: number
  /** Stored outcomes by event id. */
  readonly replies: ReadonlyMap<string, Outcome>
  /** Event ids that have more than one. */
  readonly repliedTwice: readonly string[]
}

export async function readDisk(folder: string, room: string): Promise<DiskRoom> {
  const log = sqliteLog(folder)
  try {
    const { snapshot, updates, corrupt } = await log.load(room)
    const document = new Y.Doc()
    document.transact(() => {
      if (snapshot) Y.applyUpdate(document, snapshot)
      for (const { update } of updates) Y.applyUpdate(document, update)
    })
    return { document, corrupt: corrupt.length, ...(await readReplies(log, room)) }
  } finally {
    await log.close()
  }
}

const pageSize = 1_000

async function readReplies(log: UpdateLog, room: string) {
  const replies = new Map<string, Outcome>()
  const repliedTwice: string[] = []
  for (let keys = await log.eventIds(room, '', pageSize); keys.length > 0; ) {
    const outcomes = await log.replies(room, keys)
    for (const [index, key] of keys.entries()) {
      // The user stands before the event's own id.
      const eventId = key.slice(key.lastIndexOf('\n') + 1)
      if (replies.has(eventId)) repliedTwice.push(eventId)
      replies.set(eventId, outcomes[index]!)
    }
    keys = await log.eventIds(room, keys.at(-1)!, pageSize)
  }
  return { replies, repliedTwice }
}
