import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { type PackedRecord, readPackedRecord } from './journal-record.ts'
import { journalChecksum } from './row-checksum.ts'
import type { StoredRoomKey } from './stored-room.ts'

/** Records of one append, under the position of the last one. */
export interface JournalRow {
  readonly position: number
  readonly count: number
  /** The times of the oldest and of the newest record. */
  readonly earliest: number
  readonly latest: number
  readonly checksum: number
  readonly payload: Uint8Array
}

export interface FoundRecord extends PackedRecord {
  readonly position: number
}

export function packRow(position: number, records: readonly FoundRecord[]): Omit<JournalRow, 'checksum'> {
  const encoder = encoding.createEncoder()
  let [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const record of records) {
    encoding.writeVarUint(encoder, record.position)
    encoding.writeUint8Array(encoder, record.bytes)
    if (record.at < earliest) earliest = record.at
    if (record.at > latest) latest = record.at
  }
  return { position, count: records.length, earliest, latest, payload: encoding.toUint8Array(encoder) }
}

export function recordsOf({ payload }: JournalRow): FoundRecord[] {
  const records: FoundRecord[] = []
  const decoder = decoding.createDecoder(payload)
  while (decoding.hasContent(decoder)) {
    const position = decoding.readVarUint(decoder)
    records.push({ position, ...readPackedRecord(decoder) })
  }
  return records
}

export function rowPasses(room: StoredRoomKey, row: JournalRow): boolean {
  return row.checksum === journalChecksum(room, row)
}
