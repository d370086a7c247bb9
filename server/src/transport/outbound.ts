import type { Duplex } from 'node:stream'
import { errorKind } from '@interplay/shared'
import type { WebSocket } from 'ws'
import { atTurnEnd } from '../room/turn.ts'

export interface OutboundLimits {
  /** Bytes that may wait for a reader before it counts as behind. */
  readonly highWaterBytes: number
  /** Bytes that may wait on top for one that is behind; with more it is cut, and comes back. */
  readonly maxLagBytes: number
  /** Counts the readers that were cut. */
  readonly overrun: () => void
}

/** Time in which a reader that is cut may still read why, in milliseconds. */
const patienceMs = 5_000

const overrun = { close: errorKind('overloaded').close, reason: 'overloaded: what was sent was not read' }

/** Frames up to this size are copied together; a larger one is cheaper to hand over as it is. */
const maxCopiedBytes = 16 * 1024

/** The frames that were put together last, and their bytes: most sockets of a room send the same ones. */
let last: { readonly frames: readonly Uint8Array[]; readonly bytes: Buffer } | null = null

/**
 * What a socket sends. The frames of a turn leave in one write, headers and all: a writev of many small pieces, and a
 * sender's bookkeeping for each, would cost more than the copy. Frames are binary messages of one fragment, not masked
 * (RFC 6455, section 5.2).
 */
export class Outbound {
  readonly #webSocket: WebSocket
  readonly #stream: Duplex
  readonly #limits: OutboundLimits
  #frames: Uint8Array[] = []
  /** Bytes that wait to be written, those of the frames above. */
  #bytes = 0
  #isBehind = false
  /** Bytes that were sent to a socket that is behind. */
  #lagBytes = 0
  /** Called when a socket that was behind has taken everything. */
  onDrained: () => void = () => {}

  constructor(webSocket: WebSocket, stream: Duplex, limits: OutboundLimits) {
    this.#webSocket = webSocket
    this.#stream = stream
    this.#limits = limits
    stream.on('drain', () => this.#drained())
  }

  /** The reader is slow: what can be told later, in one piece, is not told now. */
  get isBehind(): boolean {
    return this.#isBehind
  }

  get readyState(): number {
    return this.#webSocket.readyState
  }

  send(frame: Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return
    if (this.#frames.length === 0) atTurnEnd('sockets', this.flush)
    this.#frames.push(frame)
    this.#bytes += frame.length
    if (this.#isBehind) this.#lag(frame.length)
    else if (this.#bytes + this.#stream.writableLength > this.#limits.highWaterBytes) this.#isBehind = true
  }

  /** Closes the socket behind what was sent. */
  close(code?: number, reason?: string): void {
    this.flush()
    this.#webSocket.close(code, reason)
  }

  readonly flush = (): void => {
    const frames = this.#frames
    if (frames.length === 0) return
    this.#frames = []
    this.#bytes = 0
    this.#writeAll(frames)
    // A stream that took it all at once says nothing of it.
    if (this.#isBehind && this.#stream.writableLength === 0) this.#drained()
  }

  #writeAll(frames: readonly Uint8Array[]): void {
    // Nothing may follow a close frame, which ws sends by itself.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN || !this.#stream.writable) return
    if (last && isSame(last.frames, frames)) {
      this.#stream.write(last.bytes)
      return
    }
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
    if (bytes === 0) return
    const written = this.#write(frames, start, frames.length, bytes)
    last = start === 0 ? { frames, bytes: written } : null
  }

  #drained(): void {
    if (!this.#isBehind || this.#frames.length > 0) return
    this.#isBehind = false
    this.#lagBytes = 0
    this.onDrained()
  }

  /** What must not be left out piles up for a reader that does not read: replies, acknowledgements, answers. */
  #lag(bytes: number): void {
    this.#lagBytes += bytes
    if (this.#lagBytes <= this.#limits.maxLagBytes) return
    this.#frames = []
    this.#bytes = 0
    this.#limits.overrun()
    this.#webSocket.close(overrun.close, overrun.reason)
    // It may not read the close frame either.
    setTimeout(() => this.#webSocket.terminate(), patienceMs).unref()
  }

  /** Writes the headers of these frames, and the payloads of those that are copied. */
  #write(frames: readonly Uint8Array[], from: number, to: number, bytes: number): Buffer {
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
    return buffer
  }
}

function isSame(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((frame, index) => frame === other[index])
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
