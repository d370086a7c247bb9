import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { AppendRefused, CorruptRow, StoredRoom } from './log.ts'
import type { PackedEntry, PackedReply } from './sqlite-store.ts'

/** What the log asks of its thread. The requests of a turn travel in one buffer: cloning them costs four times as much. */
export type LogRequest =
  | { readonly kind: 'load'; readonly room: string }
  | { readonly kind: 'replies'; readonly room: string; readonly eventIds: readonly string[] }
  | { readonly kind: 'rooms'; readonly after: string; readonly limit: number }
  | { readonly kind: 'eventIds'; readonly room: string; readonly after: string; readonly limit: number }
  | {
      readonly kind: 'append'
      readonly room: string
      readonly entries: readonly PackedEntry[]
      readonly after: number | undefined
    }
  | {
      readonly kind: 'compact'
      readonly room: string
      readonly position: number
      readonly snapshot: Uint8Array
    }
  | { readonly kind: 'prune'; readonly before: number }
  | { readonly kind: 'close' }

/** Three items for each answer: the request's id, a {@link LogFailure} or null, the value. */
export type LogAnswers = unknown[]

/** An `AppendRefused` would not survive the passage between threads. */
export type LogFailure = Error | { readonly refused: AppendRefused['reason']; readonly message: string }

const kinds = {
  load: 0,
  replies: 1,
  rooms: 2,
  append: 3,
  compact: 4,
  prune: 5,
  close: 6,
  eventIds: 7,
} as const

/** The requests of one turn, while they are written. */
export interface Turn {
  readonly encoder: encoding.Encoder
  readonly snapshots: Uint8Array<ArrayBuffer>[]
}

/** The requests of one turn, as they travel: snapshots apart, because they are too large to be copied twice. */
export interface TurnMessage {
  readonly requests: Uint8Array<ArrayBuffer>
  readonly snapshots: readonly Uint8Array<ArrayBuffer>[]
}

export const newTurn = (): Turn => ({ encoder: encoding.createEncoder(), snapshots: [] })

export function writeRequest({ encoder, snapshots }: Turn, id: number, request: LogRequest): void {
  encoding.writeVarUint(encoder, id)
  encoding.writeUint8(encoder, kinds[request.kind])
  switch (request.kind) {
    case 'load':
      encoding.writeVarString(encoder, request.room)
      break
    case 'replies':
      encoding.writeVarString(encoder, request.room)
      encoding.writeVarUint(encoder, request.eventIds.length)
      for (const eventId of request.eventIds) encoding.writeVarString(encoder, eventId)
      break
    case 'rooms':
      encoding.writeVarString(encoder, request.after)
      encoding.writeVarUint(encoder, request.limit)
      break
    case 'eventIds':
      encoding.writeVarString(encoder, request.room)
      encoding.writeVarString(encoder, request.after)
      encoding.writeVarUint(encoder, request.limit)
      break
    case 'append':
      encoding.writeVarString(encoder, request.room)
      // 0 for an append that goes wherever the room is.
      encoding.writeVarUint(encoder, request.after === undefined ? 0 : request.after + 1)
      encoding.writeVarUint(encoder, request.entries.length)
      for (const entry of request.entries) writeEntry(encoder, entry)
      break
    case 'compact':
      encoding.writeVarString(encoder, request.room)
      encoding.writeVarUint(encoder, request.position)
      snapshots.push(new Uint8Array(request.snapshot))
      break
    case 'prune':
      encoding.writeFloat64(encoder, request.before)
  }
}

export function finishTurn({ encoder, snapshots }: Turn): [message: TurnMessage, transfer: ArrayBuffer[]] {
  const requests = encoding.toUint8Array(encoder)
  return [{ requests, snapshots }, [requests, ...snapshots].map(({ buffer }) => buffer)]
}

/** Reads the requests of one turn. The byte arrays of entries are views of the message. */
export function* readTurn({
  requests,
  snapshots,
}: TurnMessage): Generator<[id: number, request: LogRequest]> {
  const decoder = decoding.createDecoder(requests)
  const snapshot = snapshots.values()
  while (decoding.hasContent(decoder)) yield [decoding.readVarUint(decoder), readRequest(decoder, snapshot)]
}

function readRequest(decoder: decoding.Decoder<ArrayBuffer>, snapshots: Iterator<Uint8Array>): LogRequest {
  const kind = decoding.readUint8(decoder)
  switch (kind) {
    case kinds.load:
      return { kind: 'load', room: decoding.readVarString(decoder) }
    case kinds.replies:
      return {
        kind: 'replies',
        room: decoding.readVarString(decoder),
        eventIds: readList(decoder, decoding.readVarString),
      }
    case kinds.rooms:
      return { kind: 'rooms', after: decoding.readVarString(decoder), limit: decoding.readVarUint(decoder) }
    case kinds.eventIds:
      return {
        kind: 'eventIds',
        room: decoding.readVarString(decoder),
        after: decoding.readVarString(decoder),
        limit: decoding.readVarUint(decoder),
      }
    case kinds.append: {
      const room = decoding.readVarString(decoder)
      const after = decoding.readVarUint(decoder)
      return {
        kind: 'append',
        room,
        after: after === 0 ? undefined : after - 1,
        entries: readList(decoder, readEntry),
      }
    }
    case kinds.compact:
      return {
        kind: 'compact',
        room: decoding.readVarString(decoder),
        position: decoding.readVarUint(decoder),
        snapshot: snapshots.next().value,
      }
    case kinds.prune:
      return { kind: 'prune', before: decoding.readFloat64(decoder) }
    case kinds.close:
      return { kind: 'close' }
    default:
      throw new Error(`unknown request kind ${kind}`)
  }
}

const hasUpdate = 1
const hasReply = 2

function writeEntry(encoder: encoding.Encoder, { update, reply }: PackedEntry): void {
  encoding.writeUint8(encoder, (update ? hasUpdate : 0) | (reply ? hasReply : 0))
  if (update) encoding.writeVarUint8Array(encoder, update)
  if (!reply) return
  encoding.writeVarString(encoder, reply.eventId)
  encoding.writeFloat64(encoder, reply.at)
  encoding.writeVarUint8Array(encoder, reply.outcome)
}

function readEntry(decoder: decoding.Decoder<ArrayBuffer>): PackedEntry {
  const parts = decoding.readUint8(decoder)
  const update = parts & hasUpdate ? decoding.readVarUint8Array(decoder) : null
  return { update, reply: parts & hasReply ? readReply(decoder) : null }
}

function readReply(decoder: decoding.Decoder<ArrayBuffer>): PackedReply {
  const eventId = decoding.readVarString(decoder)
  const at = decoding.readFloat64(decoder)
  return { eventId, at, outcome: decoding.readVarUint8Array(decoder) }
}

/** A room as it travels; its parts are transferred. */
export interface StoredRoomMessage {
  readonly rows: Uint8Array<ArrayBuffer>
  readonly snapshot: Uint8Array | null
}

export function writeStoredRoom({ snapshot, updates, position, corrupt }: StoredRoom): StoredRoomMessage {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, position)
  encoding.writeVarString(encoder, JSON.stringify(corrupt))
  encoding.writeVarUint(encoder, updates.length)
  for (const update of updates) encoding.writeVarUint8Array(encoder, update)
  return { rows: encoding.toUint8Array(encoder), snapshot }
}

/** Reads a room; its updates are views of the message. */
export function readStoredRoom({ rows, snapshot }: StoredRoomMessage): StoredRoom {
  const decoder = decoding.createDecoder(rows)
  const position = decoding.readVarUint(decoder)
  const corrupt = JSON.parse(decoding.readVarString(decoder)) as CorruptRow[]
  return { snapshot, updates: readList(decoder, decoding.readVarUint8Array), position, corrupt }
}

function readList<T>(
  decoder: decoding.Decoder<ArrayBuffer>,
  readItem: (decoder: decoding.Decoder<ArrayBuffer>) => T,
): T[] {
  const items: T[] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) items.push(readItem(decoder))
  return items
}
