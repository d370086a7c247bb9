import type { CorruptRow, StoredRoom } from './log.ts'

export type RowPart = CorruptRow['part']

/** A snapshot or an entry as it was read. */
export interface StoredRow {
  readonly position: number
  readonly checksum: number
  readonly payload: Uint8Array | null
}

/** Entries that could be read, oldest first. A `fault` hides those of a gap, or those at the end. */
export interface Tail {
  readonly rows: readonly StoredRow[]
  readonly fault?: string
}

export interface RoomRows {
  readonly setAside: readonly { readonly part: RowPart; readonly position: number }[]
  readonly snapshot: { readonly row?: StoredRow; readonly fault?: string }
  readonly tail: Tail
  readonly passes: (part: RowPart, row: StoredRow) => boolean
}

/** Makes a room of what could be read, and reports every row that is damaged or missing. */
export function assembleRoom(room: string, { setAside, snapshot, tail, passes }: RoomRows): StoredRoom {
  const corrupt: CorruptRow[] = []
  const report = (part: RowPart, position: number, reason: string) =>
    corrupt.push({ room, part, position, reason })
  for (const { part, position } of setAside)
    report(part, position, 'wrong checksum, set aside by a compaction')

  const held = snapshot.row?.position ?? 0
  const fault =
    snapshot.fault ?? (snapshot.row && !passes('snapshot', snapshot.row) ? 'wrong checksum' : undefined)
  if (fault) report('snapshot', held, fault)

  const updates: Uint8Array[] = []
  let last = held
  let { fault: hidden } = tail
  for (const row of tail.rows) {
    if (row.position <= held) continue
    if (row.position > last + 1) {
      report('entry', last + 1, `${hidden ?? 'missing'}, up to position ${row.position - 1}`)
      hidden = undefined
    }
    if (!passes('entry', row)) report('entry', row.position, 'wrong checksum')
    else if (row.payload) updates.push(row.payload)
    last = row.position
  }
  if (hidden) report('entry', last + 1, `${hidden}, up to the end`)
  return { snapshot: fault ? null : (snapshot.row?.payload ?? null), updates, position: last, corrupt }
}
