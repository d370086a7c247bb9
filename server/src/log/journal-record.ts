import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { JournalRecord } from './log.ts'

/** A journal record as it travels and as it is stored: its bytes go from one to the other untouched. */
export interface PackedRecord {
  readonly at: number
  /** All of it, its time included. */
  readonly bytes: Uint8Array
}

/** What a search wants; `null` for anything. */
export interface PackedMatch {
  readonly event: Uint8Array | null
  readonly outcome: Uint8Array | null
}

export function writeRecord(encoder: encoding.Encoder, { at, event, outcome, content }: JournalRecord): void {
  encoding.writeFloat64(encoder, at)
  encoding.writeVarString(encoder, event)
  encoding.writeVarString(encoder, outcome)
  encoding.writeVarUint8Array(encoder, Buffer.from(content))
}

export function readRecord(decoder: decoding.Decoder<ArrayBuffer>): JournalRecord {
  const at = decoding.readFloat64(decoder)
  const event = decoding.readVarString(decoder)
  const outcome = decoding.readVarString(decoder)
  return { at, event, outcome, content: decoding.readVarString(decoder) }
}

export function packedTime(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)
}

/** Reads a record without its texts; the bytes are a view. */
export function readPackedRecord(decoder: decoding.Decoder): PackedRecord {
  const start = decoder.pos
  const at = decoding.readFloat64(decoder)
  for (let texts = 3; texts > 0; texts--) {
    const length = decoding.readVarUint(decoder)
    decoder.pos += length
  }
  return { at, bytes: decoder.arr.subarray(start, decoder.pos) }
}

export function recordMatches({ bytes }: PackedRecord, { event, outcome }: PackedMatch): boolean {
  const decoder = decoding.createDecoder(bytes)
  decoder.pos = Float64Array.BYTES_PER_ELEMENT
  return nextTextIs(decoder, event) && nextTextIs(decoder, outcome)
}

function nextTextIs(decoder: decoding.Decoder, wanted: Uint8Array | null): boolean {
  const length = decoding.readVarUint(decoder)
  const start = decoder.pos
  decoder.pos += length
  if (!wanted) return true
  if (wanted.length !== length) return false
  for (let index = 0; index < length; index++) if (decoder.arr[start + index] !== wanted[index]) return false
  return true
}
