import type { DatabaseSync } from 'node:sqlite'
import type { CorruptRow, StoredRoom } from './log.ts'
import { reactionChecksum } from './row-checksum.ts'
import { prepared } from './sqlite-prepared.ts'
import type { StoredRoomKey } from './stored-room.ts'

interface ReactionRow {
  readonly name: Uint8Array
  readonly position: number
  readonly checksum: number
}

/** How far the reactions of all rooms are. */
export class ReactionTable {
  readonly #sql: ReturnType<typeof statements>

  constructor(database: DatabaseSync) {
    this.#sql = statements(database)
  }

  /** Part of a transaction. */
  put(room: StoredRoomKey, places: ReadonlyMap<string, number>): void {
    for (const [name, position] of places) {
      const bytes = Buffer.from(name)
      this.#sql.put(room.id, bytes, position, reactionChecksum(room, bytes, position))
    }
  }

  /** A damaged place is reported until the reaction gets its next one. */
  of(room: StoredRoomKey, name: string): { places: StoredRoom['reacted']; corrupt: CorruptRow[] } {
    const places: [string, number][] = []
    const corrupt: CorruptRow[] = []
    const report = (row: Pick<CorruptRow, 'id' | 'position' | 'reason'>) =>
      corrupt.push({ room: name, part: 'reaction', ...row })
    try {
      for (const row of this.#sql.of(room.id)) {
        const { position, checksum } = row
        const id = Buffer.from(row.name).toString()
        if (checksum === reactionChecksum(room, row.name, position)) places.push([id, position])
        else report({ id, position, reason: 'wrong checksum' })
      }
    } catch (error) {
      report({ position: 0, reason: (error as Error).message })
    }
    return { places: Object.fromEntries(places), corrupt }
  }
}

function statements(database: DatabaseSync) {
  const { all, run } = prepared(database)
  return {
    of: all<ReactionRow>('SELECT name, position, checksum FROM reactions WHERE room = ?'),
    put: run('REPLACE INTO reactions (room, name, position, checksum) VALUES (?, ?, ?, ?)'),
  }
}
