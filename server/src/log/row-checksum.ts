import { crc32 } from 'node:zlib'

const tags = { entry: 1, snapshot: 2, reply: 3 } as const

const head = Buffer.alloc(9)

/** What the checksums of a room's rows start from, so that a row which strays into another room does not pass. */
export const roomChecksum = (name: string): number => crc32(name)

/** CRC-32 over the room, kind, position and payload of a row, as a signed 32-bit integer: it is stored in 4 bytes. */
export function rowChecksum(
  room: { readonly checksum: number },
  part: 'entry' | 'snapshot',
  position: number,
  payload: Uint8Array | null,
): number {
  const start = headChecksum(room.checksum, tags[part], position)
  return (payload ? crc32(payload, start) : start) | 0
}

/** The same over the room, event id, time and outcome of a stored reply. */
export function replyChecksum(
  room: { readonly checksum: number },
  eventId: string,
  at: number,
  outcome: Uint8Array,
): number {
  return crc32(outcome, crc32(eventId, headChecksum(room.checksum, tags.reply, at))) | 0
}

function headChecksum(start: number, tag: number, value: number): number {
  head[0] = tag
  head.writeDoubleLE(value, 1)
  return crc32(head, start)
}
