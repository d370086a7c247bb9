import type { AddressInfo } from 'node:net'
import { type Frame, isRuntimeFrame, readFrame, writeFrame } from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { type WebSocket, WebSocketServer } from 'ws'
import * as Y from 'yjs'

/** What a client sent, decoded. */
export type Sent =
  | Frame
  | { readonly kind: 'token'; readonly room: string; readonly token: string }
  | { readonly kind: 'step1'; readonly room: string; readonly vector: Uint8Array }
  | { readonly kind: 'step2'; readonly room: string; readonly update: Uint8Array }
  | { readonly kind: 'update'; readonly room: string; readonly update: Uint8Array }
  | { readonly kind: 'awareness'; readonly room: string; readonly update: Uint8Array }
  | { readonly kind: 'close'; readonly room: string }

/** Answers a frame instead of the server; `false` leaves it to the server. */
export type Script = (frame: Sent, peer: Peer) => boolean | undefined

/**
 * The server's side of the wire in its smallest form: rooms in memory, everything allowed, everything confirmed at
 * once. A script replaces whatever a test is about.
 */
export class ScriptedServer implements AsyncDisposable {
  readonly peers: Peer[] = []
  script: Script = () => false
  readonly #webSockets: WebSocketServer
  readonly #docs = new Map<string, Y.Doc>()

  private constructor(webSockets: WebSocketServer) {
    this.#webSockets = webSockets
    webSockets.on('connection', (socket) => this.peers.push(new Peer(socket, this)))
  }

  static async start(script?: Script): Promise<ScriptedServer> {
    const webSockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => webSockets.once('listening', resolve))
    const server = new ScriptedServer(webSockets)
    if (script) server.script = script
    return server
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#webSockets.address() as AddressInfo).port}`
  }

  doc(room: string): Y.Doc {
    const known = this.#docs.get(room)
    if (known) return known
    const doc = new Y.Doc()
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      for (const peer of this.peers)
        if (peer !== origin && peer.rooms.has(room)) peer.sendSync(room, 2, update)
    })
    this.#docs.set(room, doc)
    return doc
  }

  /** Everything that every client sent, oldest first. */
  get sent(): Sent[] {
    return this.peers.flatMap((peer) => peer.sent)
  }

  /** The frames of one kind. */
  all<K extends Sent['kind']>(kind: K): Extract<Sent, { kind: K }>[] {
    return this.sent.filter((frame) => frame.kind === kind) as Extract<Sent, { kind: K }>[]
  }

  cut(): void {
    for (const peer of this.peers) peer.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#webSockets.close(resolve))
  }
}

/** One socket of a client. */
export class Peer {
  readonly sent: Sent[] = []
  readonly rooms = new Set<string>()
  readonly #socket: WebSocket
  readonly #server: ScriptedServer

  constructor(socket: WebSocket, server: ScriptedServer) {
    this.#socket = socket
    this.#server = server
    socket.on('message', (bytes: Buffer) => {
      const frame = readSent(new Uint8Array(bytes))
      this.sent.push(frame)
      if (!server.script(frame, this)) this.answer(frame)
    })
  }

  /** What the server does when no script says otherwise. */
  answer(frame: Sent): void {
    switch (frame.kind) {
      case 'hello':
        return this.sendRuntime({ kind: 'welcome', version: 1, maxFrameBytes: 1_000_000 })
      case 'token':
        this.rooms.add(frame.room)
        return this.sendAuthenticated(frame.room)
      case 'step1': {
        const doc = this.#server.doc(frame.room)
        this.sendSync(frame.room, 1, Y.encodeStateAsUpdate(doc, frame.vector))
        return this.sendSync(frame.room, 0, Y.encodeStateVector(doc))
      }
      case 'step2':
      case 'update':
        Y.applyUpdate(this.#server.doc(frame.room), frame.update, this)
        return this.sendStatus(frame.room, true)
      case 'awareness':
        for (const peer of this.#server.peers) {
          if (peer !== this && peer.rooms.has(frame.room)) peer.sendAwareness(frame.room, frame.update)
        }
        return
      case 'dispatch':
        return this.sendRuntime({
          kind: 'reply',
          room: frame.room,
          eventId: frame.eventId,
          outcome: { ok: true, output: frame.input },
        })
      case 'close':
        this.rooms.delete(frame.room)
        return this.sendClose(frame.room, 'provider_initiated')
    }
  }

  sendRuntime(frame: Frame): void {
    this.send(writeFrame(frame))
  }

  sendSync(room: string, kind: 0 | 1 | 2, body: Uint8Array): void {
    this.#sendRoom(room, 0, (encoder) => {
      encoding.writeVarUint(encoder, kind)
      encoding.writeVarUint8Array(encoder, body)
    })
  }

  sendAuthenticated(room: string, scope: 'read-write' | 'readonly' = 'read-write'): void {
    this.#sendRoom(room, 2, (encoder) => {
      encoding.writeVarUint(encoder, 2)
      encoding.writeVarString(encoder, scope)
    })
  }

  sendDenied(room: string, code: string): void {
    this.sendRuntime({ kind: 'refused', room, scope: 'join', error: { code, message: `Refused: ${code}` } })
    this.#sendRoom(room, 2, (encoder) => {
      encoding.writeVarUint(encoder, 1)
      encoding.writeVarString(encoder, 'permission-denied')
    })
  }

  sendRefusedWrite(room: string, code: string): void {
    this.sendRuntime({ kind: 'refused', room, scope: 'write', error: { code, message: `Refused: ${code}` } })
    this.sendStatus(room, false)
  }

  sendAwareness(room: string, update: Uint8Array): void {
    this.#sendRoom(room, 1, (encoder) => encoding.writeVarUint8Array(encoder, update))
  }

  sendStatus(room: string, saved: boolean): void {
    this.#sendRoom(room, 8, (encoder) => encoding.writeVarUint(encoder, saved ? 1 : 0))
  }

  sendClose(room: string, reason: string): void {
    this.#sendRoom(room, 7, (encoder) => encoding.writeVarString(encoder, reason))
  }

  send(bytes: Uint8Array | string): void {
    this.#socket.send(bytes)
  }

  /** Ends the connection as a lost network does. */
  cut(): void {
    this.rooms.clear()
    this.#socket.terminate()
  }

  close(code: number, reason: string): void {
    this.rooms.clear()
    this.#socket.close(code, reason)
  }

  onClose(listener: () => void): void {
    this.#socket.on('close', listener)
  }

  #sendRoom(room: string, type: number, body: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, room)
    encoding.writeVarUint(encoder, type)
    body(encoder)
    this.send(encoding.toUint8Array(encoder))
  }
}

function readSent(bytes: Uint8Array): Sent {
  if (isRuntimeFrame(bytes)) return readFrame(bytes)
  const decoder = decoding.createDecoder(bytes)
  const room = decoding.readVarString(decoder)
  const type = decoding.readVarUint(decoder)
  if (type === 7) return { kind: 'close', room }
  if (type === 1) return { kind: 'awareness', room, update: decoding.readVarUint8Array(decoder) }
  const kind = decoding.readVarUint(decoder)
  if (type === 2) return { kind: 'token', room, token: decoding.readVarString(decoder) }
  const body = decoding.readVarUint8Array(decoder)
  if (kind === 0) return { kind: 'step1', room, vector: body }
  return { kind: kind === 1 ? 'step2' : 'update', room, update: body }
}
