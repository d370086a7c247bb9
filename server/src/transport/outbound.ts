import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'

/** Frames up to this size are copied together; a larger one is cheaper to hand over as it is. */
const maxCopiedBytes = 16 * 1024

/** What has frames to send at the end of this turn. */
let waiting: Outbound[] = []

/**
 * What a socket sends. The frames of a turn leave in one write, headers and all: a writev of many small pieces, and a
 * sender's bookkeeping for each, would cost more than the copy. Frames are binary messages of one fragment, not masked
 * (RFC 6455, section 5.2).
 */
export class Outbound {
  readonly #webSocket: WebSocket
  readonly #stream: Duplex
  #frames: Uint8Array[] = []

  constructor(webSocket: WebSocket, stream: Duplex) {
    this.#webSocket = webSocket
    this.#stream = stream
  }

  get readyState(): number {
    return this.#webSocket.readyState
  }

  send(frame: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    if (this.#frames.length === 0) {
      if (waiting.length === 0) setImmediate(flushAll)
      waiting.push(this)
    }
    this.#frames.push(frame)
  }

  /** Closes the socket behind what was sent. */
  close(code?: number, reason?: string): void {
    this.flush()
    this.#webSocket.close(code, reason)
  }

  flush(): void {
    const frames = this.#frames
    if (frames.length === 0) return
    this.#frames = []
    // Nothing may follow a close frame, which ws sends by itself.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN || !this.#stream.writable) return
    let start = 0
    let bytes = 0
    for (let index = 0; index < frames.length; index++) {
      const { length } = frames[index]!
      bytes += headerLength(length)
      if (length <= maxCopiedBytes) {
        bytes += length
        continue
      }
      this.#write(frames, start, index + 1, bytes)
      this.#stream.write(frames[index]!)
      start = index + 1
      bytes = 0
    }
    if (bytes > 0) this.#write(frames, start, frames.length, bytes)
  }

  /** Writes the headers of these frames, and the payloads of those that are copied. */
  #write(frames: readonly Uint8Array[], from: number, to: number, bytes: number): void {
    const buffer = Buffer.allocUnsafe(bytes)
    let at = 0
    for (let index = from; index < to; index++) {
      const frame = frames[index]!
      at = writeHeader(buffer, at, frame.length)
      if (frame.length > maxCopiedBytes) continue
      buffer.set(frame, at)
      at += frame.length
    }
    this.#stream.write(buffer)
  }
}

function flushAll(): void {
  const due = waiting
  waiting = []
  for (const outbound of due) outbound.flush()
}

const finalBinary = 0x82

function headerLength(length: number): number {
  if (length < 126) return 2
  return length < 65_536 ? 4 : 10
}

function writeHeader(buffer: Buffer, at: number, length: number): number {
  buffer[at] = finalBinary
  if (length < 126) {
    buffer[at + 1] = length
    return at + 2
  }
  if (length < 65_536) {
    buffer[at + 1] = 126
    return buffer.writeUInt16BE(length, at + 2)
  }
  buffer[at + 1] = 127
  return buffer.writeBigUInt64BE(BigInt(length), at + 2)
}
