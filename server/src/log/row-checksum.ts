import { crc32 } from 'node:zlib'

/** An entry with its author and a snapshot with its note have tags of their own: rows without them stay what they were. */
const tags = {
  entry: 1,
  snapshot: 2,
  reply: 3,
  authoredEntry: 4,
  notedSnapshot: 5,
  task: 6,
  reaction: 7,
  journal: 8,
  record: 9,
} as const

const head = Buffer.alloc(9)

interface Summed {
  readonly checksum: number
}

/** What the checksums of a room's rows start from, so that a row which strays into another room does not pass. */
export const roomChecksum = (name: string | Uint8Array): number => crc32(name)

/**
 * CRC-32 over the room, kind, position and payload of a row, and over its remark: the author of an entry, the note of a
 * snapshot. A signed 32-bit integer, as all of them: it is stored in 4 bytes.
 */
export function rowChecksum(
  room: Summed,
  part: 'entry' | 'snapshot',
  position: number,
  payload: Uint8Array | null,
  remark: Uint8Array | null,
): number {
  const tag = remark ? (part === 'entry' ? tags.authoredEntry : tags.notedSnapshot) : tags[part]
  const start = headChecksum(room.checksum, tag, position)
  const sum = payload ? crc32(payload, start) : start
  return (remark ? crc32(remark, sum) : sum) | 0
}

/** The same over the room, event id, time and outcome of a stored reply. */
export function replyChecksum(room: Summed, eventId: string, at: number, outcome: Uint8Array): number {
  return crc32(outcome, crc32(eventId, headChecksum(room.checksum, tags.reply, at))) | 0
}

/** The same over the room, id, time and content of a task; one that is never due has no number for a time. */
export function taskChecksum(room: Summed, id: Uint8Array, due: number | null, content: Uint8Array): number {
  return crc32(content, crc32(id, headChecksum(room.checksum, tags.task, due ?? Number.NaN))) | 0
}

/** The same over the room, name and position of a reaction. */
export function reactionChecksum(room: Summed, name: Uint8Array, position: number): number {
  return crc32(name, headChecksum(room.checksum, tags.reaction, position)) | 0
}

/** The same over the room, position and bytes of a journal record that is with its entry. */
export function recordChecksum(room: Summed, position: number, bytes: Uint8Array): number {
  return crc32(bytes, headChecksum(room.checksum, tags.record, position)) | 0
}

/** The same over all of a row of the journal. */
export function journalChecksum(
  room: Summed,
  row: {
    readonly position: number
    readonly count: number
    readonly earliest: number
    readonly latest: number
    readonly payload: Uint8Array
  },
): number {
  let sum = headChecksum(room.checksum, tags.journal, row.position)
  sum = headChecksum(sum, row.count, row.earliest)
  sum = headChecksum(sum, row.count, row.latest)
  return crc32(row.payload, sum) | 0
}

function headChecksum(start: number, tag: number, value: number): number {
  head[0] = tag
  head.writeDoubleLE(value, 1)
  return crc32(head, start)
}
