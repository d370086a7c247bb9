import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** A Hocuspocus frame from the server: `varString(room) varUint(type) body`. */
export interface RoomFrame {
  readonly room: string
  readonly message: RoomMessage
}

export type RoomMessage =
  | { readonly is: 'step1'; readonly vector: Uint8Array }
  /** The answer to our own step 1. */
  | { readonly is: 'step2'; readonly update: Uint8Array }
  | { readonly is: 'update'; readonly update: Uint8Array }
  | { readonly is: 'awareness'; readonly update: Uint8Array }
  | { readonly is: 'query-awareness' }
  /** The server wants a token, of a session that is there already as well. */
  | { readonly is: 'token-request' }
  | { readonly is: 'denied'; readonly reason: string }
  | { readonly is: 'authenticated'; readonly readOnly: boolean }
  | { readonly is: 'closed'; readonly reason: string }
  /** One for each step 2 or update that we sent, in order. */
  | { readonly is: 'sync-status'; readonly saved: boolean }
  /** Nothing for us: stateless messages, pings. */
  | { readonly is: 'other' }

const types = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3, syncReply: 4, close: 7, syncStatus: 8 }

/** Throws on bytes that are no frame. */
export function readRoomFrame(bytes: Uint8Array): RoomFrame {
  const decoder = decoding.createDecoder(bytes)
  return { room: decoding.readVarString(decoder), message: readMessage(decoder) }
}

function readMessage(decoder: decoding.Decoder): RoomMessage {
  switch (decoding.readVarUint(decoder)) {
    case types.sync:
    case types.syncReply:
      return readSync(decoder)
    case types.awareness:
      return { is: 'awareness', update: decoding.readVarUint8Array(decoder) }
    case types.auth:
      return readAuth(decoder)
    case types.queryAwareness:
      return { is: 'query-awareness' }
    case types.close:
      return { is: 'closed', reason: decoding.readVarString(decoder) }
    case types.syncStatus:
      return { is: 'sync-status', saved: decoding.readVarUint(decoder) === 1 }
    default:
      return { is: 'other' }
  }
}

function readSync(decoder: decoding.Decoder): RoomMessage {
  const kind = decoding.readVarUint(decoder)
  const body = decoding.readVarUint8Array(decoder)
  if (kind === 0) return { is: 'step1', vector: body }
  if (kind === 1) return { is: 'step2', update: body }
  if (kind === 2) return { is: 'update', update: body }
  throw new Error(`unknown sync message ${kind}`)
}

function readAuth(decoder: decoding.Decoder): RoomMessage {
  const kind = decoding.readVarUint(decoder)
  if (kind === 0) return { is: 'token-request' }
  const text = decoding.readVarString(decoder)
  if (kind === 1) return { is: 'denied', reason: text }
  if (kind === 2) return { is: 'authenticated', readOnly: text === 'readonly' }
  throw new Error(`unknown auth message ${kind}`)
}

export function writeToken(room: string, token: string): Uint8Array {
  return write(room, types.auth, (encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, token)
  })
}

export function writeStep1(room: string, vector: Uint8Array): Uint8Array {
  return writeSync(room, 0, vector)
}

export function writeStep2(room: string, update: Uint8Array): Uint8Array {
  return writeSync(room, 1, update)
}

export function writeUpdate(room: string, update: Uint8Array): Uint8Array {
  return writeSync(room, 2, update)
}

export function writeAwareness(room: string, update: Uint8Array): Uint8Array {
  return write(room, types.awareness, (encoder) => encoding.writeVarUint8Array(encoder, update))
}

export function writeClose(room: string): Uint8Array {
  return write(room, types.close, () => {})
}

function writeSync(room: string, kind: number, body: Uint8Array): Uint8Array {
  return write(room, types.sync, (encoder) => {
    encoding.writeVarUint(encoder, kind)
    encoding.writeVarUint8Array(encoder, body)
  })
}

function write(room: string, type: number, body: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, room)
  encoding.writeVarUint(encoder, type)
  body(encoder)
  return encoding.toUint8Array(encoder)
}
