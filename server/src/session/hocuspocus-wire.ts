import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** Message types of the Hocuspocus wire (`@hocuspocus/server` 4, `types.ts`). */
export const messageTypes = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  syncReply: 4,
  stateless: 5,
  broadcastStateless: 6,
  close: 7,
  syncStatus: 8,
  ping: 9,
  pong: 10,
} as const

/** Kinds of sync messages (y-protocols `sync.js`). */
export const syncTypes = { step1: 0, step2: 1, update: 2 } as const

/** Kinds of auth messages (`@hocuspocus/common`, `auth.ts`). */
const authTypes = { token: 0, permissionDenied: 1 } as const

/** The key that a Hocuspocus frame is addressed to. Throws on bytes that are none. */
export function frameKey(frame: Uint8Array): string {
  return decoding.readVarString(decoding.createDecoder(frame))
}

export function messageType(frame: Uint8Array): number {
  const decoder = decoding.createDecoder(frame)
  decoding.readVarUint8Array(decoder)
  return decoding.readVarUint(decoder)
}

/** Throws unless an auth or stateless frame reads as its type says. A close frame may carry anything. */
export function checkFrame(frame: Uint8Array): void {
  const decoder = decoding.createDecoder(frame)
  decoding.readVarUint8Array(decoder)
  switch (decoding.readVarUint(decoder)) {
    case messageTypes.auth:
      if (decoding.readVarUint(decoder) !== authTypes.token) throw new Error('an auth frame without a token')
      decoding.readVarString(decoder)
      // Since version 3 the provider adds its version.
      if (decoding.hasContent(decoder)) decoding.readVarString(decoder)
      return
    case messageTypes.stateless:
      decoding.readVarString(decoder)
  }
}

/** The token of a well-formed auth frame. */
export function readToken(frame: Uint8Array): string {
  const decoder = decoding.createDecoder(frame)
  decoding.readVarUint8Array(decoder)
  decoding.readVarUint(decoder)
  decoding.readVarUint(decoder)
  return decoding.readVarString(decoder)
}

/** Builds the frames that a session sends: its key, a message type and a body. */
export class OutgoingFrames {
  readonly #prefix: Uint8Array

  constructor(key: string) {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, key)
    this.#prefix = encoding.toUint8Array(encoder)
  }

  sync(type: number, payload: Uint8Array): Uint8Array {
    return this.#build(messageTypes.sync, (encoder) => {
      encoding.writeVarUint(encoder, type)
      encoding.writeVarUint8Array(encoder, payload)
    })
  }

  syncStatus(saved: boolean): Uint8Array {
    return this.#build(messageTypes.syncStatus, (encoder) => encoding.writeVarUint(encoder, saved ? 1 : 0))
  }

  awareness(update: Uint8Array): Uint8Array {
    return this.#build(messageTypes.awareness, (encoder) => encoding.writeVarUint8Array(encoder, update))
  }

  close(reason: string): Uint8Array {
    return this.#build(messageTypes.close, (encoder) => encoding.writeVarString(encoder, reason))
  }

  pong(): Uint8Array {
    return this.#build(messageTypes.pong, () => {})
  }

  /** The update in a sync frame, `null` if the frame is another. */
  updateIn(frame: Uint8Array): Uint8Array | null {
    const at = this.#prefix.length
    if (frame[at] !== messageTypes.sync || frame[at + 1] !== syncTypes.update) return null
    return decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(at + 2)))
  }

  /** The awareness update in a frame, `null` if the frame is another. */
  presenceIn(frame: Uint8Array): Uint8Array | null {
    const at = this.#prefix.length
    if (frame[at] !== messageTypes.awareness) return null
    return decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(at + 1)))
  }

  isPermissionDenied(frame: Uint8Array): boolean {
    const at = this.#prefix.length
    return frame[at] === messageTypes.auth && frame[at + 1] === authTypes.permissionDenied
  }

  denialReason(frame: Uint8Array): string {
    return decoding.readVarString(decoding.createDecoder(frame.subarray(this.#prefix.length + 2)))
  }

  #build(type: number, body: (encoder: encoding.Encoder) => void): Uint8Array {
    const encoder = encoding.createEncoder()
    encoding.writeUint8Array(encoder, this.#prefix)
    encoding.writeVarUint(encoder, type)
    body(encoder)
    return encoding.toUint8Array(encoder)
  }
}
