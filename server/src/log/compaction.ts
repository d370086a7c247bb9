/** How much of a room is in its snapshot, and how much behind it. */
export interface RoomSize {
  readonly snapshotBytes: number
  /** Bytes of the updates after the snapshot. */
  readonly tailBytes: number
  readonly tailEntries: number
}

/** Bytes of a tail that no snapshot is worth: opening a room of that size takes a millisecond or two. */
export const minTailBytes = 64 * 1024

/** The same for a room that is unloaded: nobody waits for that snapshot, and the next opening is the first one again. */
export const minUnloadedTailBytes = 8 * 1024

/** What an entry costs beyond its update: its row, its turn when the room is opened. */
export const entryBytes = 24

/**
 * Whether a loaded room should be compacted now. A snapshot is written only once the tail has outgrown the last one:
 * the bytes of snapshots stay in proportion to the bytes of edits, however large the room is, and opening reads at
 * most a snapshot and a tail of about its size.
 */
export function shouldCompact(size: RoomSize): boolean {
  return tailCost(size) >= Math.max(minTailBytes, size.snapshotBytes)
}

/** Whether a room should be compacted before it is unloaded: at half the tail, so that a hot room still pays little. */
export function shouldCompactOnUnload(size: RoomSize): boolean {
  return tailCost(size) >= Math.max(minUnloadedTailBytes, size.snapshotBytes / 2)
}

function tailCost({ tailBytes, tailEntries }: RoomSize): number {
  return tailBytes + tailEntries * entryBytes
}
