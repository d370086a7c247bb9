import type { CorruptRow, StoredRoom, StoredUpdate } from './log.ts'

export type RowPart = 'snapshot' | 'entry'

/** A room as its rows know it. */
export interface StoredRoomKey {
  readonly id: number
  /** What the checksums of its rows start from. */
  readonly checksum: number
}

/** A snapshot or an entry as it was read. */
export interface StoredRow {
  readonly position: number
  readonly checksum: number
  readonly payload: Uint8Array | null
  /** The author of an entry, the note of a snapshot. */
  readonly remark: Uint8Array | null
}

/** Entries that could be read, oldest first. A `fault` hides those of a gap, or those at the end. */
export interface Tail {
  readonly rows: readonly StoredRow[]
  readonly fault?: string
}

export interface RoomRows {
  /** Damage that is known already. */
  readonly corrupt: readonly CorruptRow[]
  readonly reacted: StoredRoom['reacted']
  readonly snapshot: { readonly row?: StoredRow; readonly fault?: string }
  readonly tail: Tail
  readonly passes: (part: RowPart, row: StoredRow) => boolean
}

/** Makes a room of what could be read, and reports every row that is damaged or missing. */
export function assembleRoom(room: string, rows: RoomRows): StoredRoom {
  const { snapshot, tail, passes } = rows
  const corrupt = [...rows.corrupt]
  const report = (part: RowPart, position: number, reason: string) =>
    corrupt.push({ room, part, position, reason })

  const held = snapshot.row?.position ?? 0
  const fault =
    snapshot.fault ?? (snapshot.row && !passes('snapshot', snapshot.row) ? 'wrong checksum' : undefined)
  if (fault) report('snapshot', held, fault)

  const updates: StoredUpdate[] = []
  let last = held
  let { fault: hidden } = tail
  for (const row of tail.rows) {
    if (row.position <= held) continue
    if (row.position > last + 1) {
      report('entry', last + 1, `${hidden ?? 'missing'}, up to position ${row.position - 1}`)
      hidden = undefined
    }
    if (!passes('entry', row)) report('entry', row.position, 'wrong checksum')
    else if (row.payload)
      updates.push({ position: row.position, update: row.payload, by: textOf(row.remark) })
    last = row.position
  }
  if (hidden) report('entry', last + 1, `${hidden}, up to the end`)
  const intact = fault ? undefined : snapshot.row
  return {
    snapshot: intact?.payload ?? null,
    note: textOf(intact?.remark ?? null),
    updates,
    reacted: rows.reacted,
    position: last,
    corrupt,
  }
}

const textOf = (bytes: Uint8Array | null) =>
  bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
