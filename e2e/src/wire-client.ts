import {
  type Frame,
  isRuntimeFrame,
  protocolVersion,
  readFrame,
  writeFrame,
} from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import { until } from './until.ts'
import type { World } from './world.ts'

/** A Hocuspocus frame as it came: type 0 has a sync type, everything else the bytes behind its type. */
export interface WireFrame {
  readonly key: string
  readonly type: number
  readonly sync?: number
  readonly body: Uint8Array
}

/** A client that speaks the wire by hand, so that tests can say what no honest client would. */
export class WireClient implements Disposable {
  readonly frames: WireFrame[] = []
  readonly runtime: Frame[] = []
  /** Frames of both dialects, in the order in which they came. */
  readonly received: (WireFrame | Frame)[] = []
  readonly webSocket: WebSocket
  closed: { code: number; reason: string } | null = null

  private constructor(webSocket: WebSocket) {
    this.webSocket = webSocket
    webSocket.binaryType = 'nodebuffer'
    webSocket.on('message', (bytes: Buffer) => {
      const frame = isRuntimeFrame(bytes) ? readFrame(bytes) : readWireFrame(bytes)
      this.received.push(frame)
      if ('kind' in frame) this.runtime.push(frame)
      else this.frames.push(frame)
    })
    webSocket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() }
    })
    webSocket.on('error', () => {})
  }

  static async connect(world: World, { hello = true, path = '/' } = {}): Promise<WireClient> {
    const client = new WireClient(new WebSocket(`${world.ws}${path}`))
    await new Promise((resolve, reject) => {
      client.webSocket.once('open', resolve)
      client.webSocket.once('error', reject)
    })
    if (hello) client.send(writeFrame({ kind: 'hello', version: protocolVersion, client: 'test' }))
    return client
  }

  send(bytes: Uint8Array): void {
    this.webSocket.send(bytes)
  }

  /** Sends a frame: a key, a type and what `body` writes. */
  frame(key: string, type: number, body: (encoder: encoding.Encoder) => void = () => {}): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, key)
    encoding.writeVarUint(encoder, type)
    body(encoder)
    this.send(encoding.toUint8Array(encoder))
  }

  auth(key: string, token = ''): void {
    this.frame(key, 2, (encoder) => {
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, token)
    })
  }

  sync(key: string, type: 0 | 1 | 2, payload: Uint8Array): void {
    this.frame(key, 0, (encoder) => {
      encoding.writeVarUint(encoder, type)
      encoding.writeVarUint8Array(encoder, payload)
    })
  }

  update(key: string, update: Uint8Array): void {
    this.sync(key, 2, update)
  }

  awareness(key: string, update: Uint8Array): void {
    this.frame(key, 1, (encoder) => encoding.writeVarUint8Array(encoder, update))
  }

  dispatch(room: string, eventId: string, event: string, input?: unknown, attempt = 0): void {
    this.send(writeFrame({ kind: 'dispatch', room, eventId, attempt, event, input }))
  }

  /** Joins a room: authenticated, and the server's state has come. */
  async join(key: string, token = ''): Promise<this> {
    this.auth(key, token)
    this.sync(key, 0, new Uint8Array([0]))
    await until(() => this.frames.some((frame) => frame.key === key && frame.sync === 1))
    return this
  }

  /** Resolves once the server has read everything that was sent, or the socket is closed. */
  async settled(): Promise<void> {
    if (this.webSocket.readyState !== WebSocket.OPEN) return until(() => this.closed)
    await new Promise<void>((resolve) => {
      this.webSocket.once('pong', () => resolve())
      this.webSocket.once('close', () => resolve())
      this.webSocket.ping()
    })
  }

  /** How many updates were acknowledged (`true`) or refused (`false`) so far. */
  statuses(key: string, saved: boolean): number {
    return this.frames.filter(
      (frame) => frame.key === key && frame.type === 8 && frame.body[0] === (saved ? 1 : 0),
    ).length
  }

  reply(eventId: string) {
    return this.runtime.find((frame) => frame.kind === 'reply' && frame.eventId === eventId)
  }

  async answered(eventId: string) {
    await until(() => this.reply(eventId))
    const frame = this.reply(eventId)
    if (frame?.kind !== 'reply') throw new Error('no reply')
    return frame.outcome
  }

  refusals() {
    return this.runtime.filter((frame) => frame.kind === 'refused')
  }

  [Symbol.dispose](): void {
    this.webSocket.terminate()
  }
}

function readWireFrame(bytes: Uint8Array): WireFrame {
  const decoder = decoding.createDecoder(bytes)
  const key = decoding.readVarString(decoder)
  const type = decoding.readVarUint(decoder)
  if (type !== 0 && type !== 4) return { key, type, body: decoding.readTailAsUint8Array(decoder) }
  const sync = decoding.readVarUint(decoder)
  return { key, type, sync, body: decoding.readVarUint8Array(decoder) }
}
