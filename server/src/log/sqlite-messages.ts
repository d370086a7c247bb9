import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { AppendRefused, DuePlace, JournalMatch } from './log.ts'
import { type OutgoingEntry, type PackedEntry, readEntry, readList, writeEntry } from './sqlite-entry.ts'

/** What the log asks of its thread. The requests of a turn travel in one buffer: cloning them costs four times as much. */
export type LogRequest<Entry = PackedEntry> =
  | { readonly kind: 'load'; readonly room: string }
  | { readonly kind: 'replies'; readonly room: string; readonly eventIds: readonly string[] }
  | { readonly kind: 'rooms'; readonly after: string; readonly limit: number }
  | { readonly kind: 'eventIds'; readonly room: string; readonly after: string; readonly limit: number }
  | {
      readonly kind: 'append'
      readonly room: string
      readonly entries: readonly Entry[]
      readonly after: number | undefined
    }
  | {
      readonly kind: 'compact'
      readonly room: string
      readonly position: number
      readonly snapshot: Uint8Array
      readonly note: string | null
    }
  | { readonly kind: 'prune'; readonly before: { readonly replies: number; readonly journal: number } }
  | { readonly kind: 'dueTasks'; readonly until: number; readonly limit: number; readonly after: DuePlace }
  | { readonly kind: 'countTasks' }
  | { readonly kind: 'tasks'; readonly room: string; readonly after: string; readonly limit: number }
  | {
      readonly kind: 'journal'
      readonly room: string
      readonly after: number
      readonly limit: number
      readonly match: JournalMatch
    }
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
  dueTasks: 8,
  tasks: 9,
  journal: 10,
  countTasks: 11,
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

export function writeRequest(
  { encoder, snapshots }: Turn,
  id: number,
  request: LogRequest<OutgoingEntry>,
): void {
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
    case 'tasks':
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
      writeOptional(encoder, request.note)
      snapshots.push(new Uint8Array(request.snapshot))
      break
    case 'prune':
      encoding.writeFloat64(encoder, request.before.replies)
      encoding.writeFloat64(encoder, request.before.journal)
      break
    case 'dueTasks':
      encoding.writeFloat64(encoder, request.until)
      encoding.writeVarUint(encoder, request.limit)
      encoding.writeFloat64(encoder, request.after.due)
      encoding.writeVarString(encoder, request.after.room)
      encoding.writeVarString(encoder, request.after.id)
      break
    case 'journal':
      encoding.writeVarString(encoder, request.room)
      encoding.writeVarUint(encoder, request.after)
      encoding.writeVarUint(encoder, request.limit)
      writeOptional(encoder, request.match.event ?? null)
      writeOptional(encoder, request.match.outcome ?? null)
  }
}

function writeOptional(encoder: encoding.Encoder, text: string | null): void {
  encoding.writeUint8(encoder, text === null ? 0 : 1)
  if (text !== null) encoding.writeVarString(encoder, text)
}

const readOptional = (decoder: decoding.Decoder<ArrayBuffer>): string | null =>
  decoding.readUint8(decoder) === 0 ? null : decoding.readVarString(decoder)

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
        note: readOptional(decoder),
        snapshot: snapshots.next().value,
      }
    case kinds.prune:
      return {
        kind: 'prune',
        before: { replies: decoding.readFloat64(decoder), journal: decoding.readFloat64(decoder) },
      }
    case kinds.dueTasks:
      return {
        kind: 'dueTasks',
        until: decoding.readFloat64(decoder),
        limit: decoding.readVarUint(decoder),
        after: {
          due: decoding.readFloat64(decoder),
          room: decoding.readVarString(decoder),
          id: decoding.readVarString(decoder),
        },
      }
    case kinds.countTasks:
      return { kind: 'countTasks' }
    case kinds.tasks:
      return {
        kind: 'tasks',
        room: decoding.readVarString(decoder),
        after: decoding.readVarString(decoder),
        limit: decoding.readVarUint(decoder),
      }
    case kinds.journal:
      return {
        kind: 'journal',
        room: decoding.readVarString(decoder),
        after: decoding.readVarUint(decoder),
        limit: decoding.readVarUint(decoder),
        match: {
          event: readOptional(decoder) ?? undefined,
          outcome: readOptional(decoder) ?? undefined,
        },
      }
    case kinds.close:
      return { kind: 'close' }
    default:
      throw new Error(`unknown request kind ${kind}`)
  }
}
