import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { type PackedRecord, readPackedRecord, writeRecord } from './journal-record.ts'
import type { LogEntry, TaskChange } from './log.ts'

/** An entry on its way to the thread. Its outcome is JSON by now: what JSON cannot hold fails before anything is written. */
export interface OutgoingEntry {
  readonly entry: LogEntry
  readonly outcome: Uint8Array | null
}

/** An entry in the thread. Texts stay bytes there, as they are stored; all of them are views of the message. */
export interface PackedEntry {
  readonly update: Uint8Array | null
  readonly by: Uint8Array | null
  readonly reply: PackedReply | null
  readonly tasks: readonly PackedTaskChange[] | null
  readonly reacted: readonly PackedCursor[] | null
  readonly journal: PackedRecord | null
}

export interface PackedReply {
  readonly eventId: string
  readonly at: number
  readonly outcome: Uint8Array
}

export interface PackedTaskChange {
  readonly id: Uint8Array
  readonly due: number | null
  /** `null` ends the task. */
  readonly content: Uint8Array | null
}

/** How far a reaction has seen its room. */
export interface PackedCursor {
  readonly name: string
  readonly position: number
}

const parts = { update: 1, reply: 2, by: 4, tasks: 8, reacted: 16, journal: 32 } as const
const taskChanges = { drop: 0, put: 1, putWaiting: 2 } as const

export function packEntry(entry: LogEntry): OutgoingEntry {
  return { entry, outcome: entry.reply ? Buffer.from(JSON.stringify(entry.reply.outcome)) : null }
}

export function writeEntry(encoder: encoding.Encoder, { entry, outcome }: OutgoingEntry): void {
  const { update, reply, tasks, reacted, journal } = entry
  const by = update && entry.by
  encoding.writeUint8(
    encoder,
    (update ? parts.update : 0) |
      (reply ? parts.reply : 0) |
      (by !== undefined ? parts.by : 0) |
      (tasks ? parts.tasks : 0) |
      (reacted ? parts.reacted : 0) |
      (journal ? parts.journal : 0),
  )
  if (update) encoding.writeVarUint8Array(encoder, update)
  if (by !== undefined) encoding.writeVarString(encoder, by)
  if (reply) {
    encoding.writeVarString(encoder, reply.eventId)
    encoding.writeFloat64(encoder, reply.at)
    encoding.writeVarUint8Array(encoder, outcome!)
  }
  if (tasks) {
    encoding.writeVarUint(encoder, tasks.length)
    for (const change of tasks) writeTaskChange(encoder, change)
  }
  if (reacted) {
    const cursors = Object.entries(reacted)
    encoding.writeVarUint(encoder, cursors.length)
    for (const [name, position] of cursors) {
      encoding.writeVarString(encoder, name)
      encoding.writeVarUint(encoder, position)
    }
  }
  if (journal) writeRecord(encoder, journal)
}

export function readEntry(decoder: decoding.Decoder<ArrayBuffer>): PackedEntry {
  const has = decoding.readUint8(decoder)
  return {
    update: has & parts.update ? decoding.readVarUint8Array(decoder) : null,
    by: has & parts.by ? decoding.readVarUint8Array(decoder) : null,
    reply: has & parts.reply ? readReply(decoder) : null,
    tasks: has & parts.tasks ? readList(decoder, readTaskChange) : null,
    reacted: has & parts.reacted ? readList(decoder, readCursor) : null,
    journal: has & parts.journal ? readPackedRecord(decoder) : null,
  }
}

function readReply(decoder: decoding.Decoder<ArrayBuffer>): PackedReply {
  const eventId = decoding.readVarString(decoder)
  const at = decoding.readFloat64(decoder)
  return { eventId, at, outcome: decoding.readVarUint8Array(decoder) }
}

function writeTaskChange(encoder: encoding.Encoder, change: TaskChange): void {
  if ('drop' in change) {
    encoding.writeUint8(encoder, taskChanges.drop)
    encoding.writeVarString(encoder, change.drop)
    return
  }
  const { id, due, content } = change.put
  encoding.writeUint8(encoder, due === null ? taskChanges.putWaiting : taskChanges.put)
  encoding.writeVarString(encoder, id)
  if (due !== null) encoding.writeFloat64(encoder, due)
  encoding.writeVarUint8Array(encoder, Buffer.from(content))
}

function readTaskChange(decoder: decoding.Decoder<ArrayBuffer>): PackedTaskChange {
  const change = decoding.readUint8(decoder)
  const id = decoding.readVarUint8Array(decoder)
  if (change === taskChanges.drop) return { id, due: null, content: null }
  const due = change === taskChanges.put ? decoding.readFloat64(decoder) : null
  return { id, due, content: decoding.readVarUint8Array(decoder) }
}

function readCursor(decoder: decoding.Decoder<ArrayBuffer>): PackedCursor {
  const name = decoding.readVarString(decoder)
  return { name, position: decoding.readVarUint(decoder) }
}

export function readList<T>(
  decoder: decoding.Decoder<ArrayBuffer>,
  readItem: (decoder: decoding.Decoder<ArrayBuffer>) => T,
): T[] {
  const items: T[] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) items.push(readItem(decoder))
  return items
}
