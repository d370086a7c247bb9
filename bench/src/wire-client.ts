import { isRuntimeFrame, protocolVersion, readFrame, writeFrame } from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { CorkedWebSocket } from './corked.ts'

/**
 * A client that speaks the wire with nothing around it, so that what is measured is the server: it joins one room, sends
 * updates or events and hears what comes back. Without events it is the same for every server.
 */
export class WireClient implements Disposable {
  /** Updates that the server has acknowledged (SyncStatus 1). */
  acknowledged = 0
  /** Called with every update of somebody else. */
  onUpdate: (update: Uint8Array) => void = () => {}
  onAcknowledged: () => void = () => {}
  /** Called with every message of a live value, and the bytes of its frame. */
  onLive: (message: Uint8Array, bytes: number) => void = () => {}
  readonly #room: string
  readonly #socket: CorkedWebSocket
  readonly #idPrefix = crypto.randomUUID().slice(0, 24)
  #events = 0
  readonly #answers = new Map<string, () => void>()
  readonly #echoes: (() => void)[] = []
  #joined: () => void = () => {}

  private constructor(socket: CorkedWebSocket, room: string) {
    this.#socket = socket
    this.#room = room
    socket.webSocket.on('message', (bytes: Buffer) => this.#receive(bytes))
  }

  /** Opens the socket and says nothing: for servers that know no rooms. */
  static async connect(url: string, room: string): Promise<WireClient> {
    const socket = new CorkedWebSocket(url)
    const client = new WireClient(socket, room)
    await new Promise((resolve, reject) => {
      socket.webSocket.once('open', resolve)
      socket.webSocket.once('error', reject)
    })
    return client
  }

  /** Resolves once the room's state has come. Events need a `hello` first, which only Interplay understands. */
  static async join(url: string, room: string, hello = false): Promise<WireClient> {
    const client = await WireClient.connect(url, room)
    if (hello) client.#sendBytes(writeFrame({ kind: 'hello', version: protocolVersion, client: 'bench' }))
    const joined = new Promise<void>((resolve) => {
      client.#joined = resolve
    })
    client.#send(2, (encoder) => {
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, '')
    })
    client.#sync(0, new Uint8Array([0]))
    await joined
    return client
  }

  update(update: Uint8Array): void {
    this.#sync(2, update)
  }

  /** Resolves when the event is answered, whatever the answer. */
  dispatch(event: string, input: unknown): Promise<void> {
    // As long as a UUID.
    const eventId = this.#idPrefix + String(++this.#events).padStart(12, '0')
    this.#sendBytes(writeFrame({ kind: 'dispatch', room: this.#room, eventId, attempt: 0, event, input }))
    return new Promise((resolve) => this.#answers.set(eventId, resolve))
  }

  /** Asks for a live value. */
  subscribe(name: string): void {
    this.#sendBytes(writeFrame({ kind: 'subscribe', room: this.#room, name, on: true, interest: undefined }))
  }

  /** Sends a Hocuspocus stateless message. Resolves when the next one comes back. */
  stateless(payload: string): Promise<void> {
    this.#send(5, (encoder) => encoding.writeVarString(encoder, payload))
    return new Promise((resolve) => this.#echoes.push(resolve))
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }

  #sync(kind: number, payload: Uint8Array): void {
    this.#send(0, (encoder) => {
      encoding.writeVarUint(encoder, kind)
      encoding.writeVarUint8Array(encoder, payload)
    })
  }

  #send(type: number, body: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, this.#room)
    encoding.writeVarUint(encoder, type)
    body(encoder)
    this.#sendBytes(encoding.toUint8Array(encoder))
  }

  #sendBytes(bytes: Uint8Array): void {
    this.#socket.send(bytes)
  }

  #receive(bytes: Uint8Array): void {
    if (isRuntimeFrame(bytes)) {
      const frame = readFrame(bytes)
      if (frame.kind === 'live') return this.onLive(frame.message, bytes.length)
      if (frame.kind !== 'reply') return
      this.#answers.get(frame.eventId)?.()
      this.#answers.delete(frame.eventId)
      return
    }
    const decoder = decoding.createDecoder(bytes)
    decoding.readVarUint8Array(decoder)
    const type = decoding.readVarUint(decoder)
    if (type === 8 && decoding.readVarUint(decoder) === 1) {
      this.acknowledged += 1
      this.onAcknowledged()
    }
    if (type === 5) this.#echoes.shift()?.()
    if (type !== 0 && type !== 4) return
    const kind = decoding.readVarUint(decoder)
    if (kind === 1) this.#joined()
    if (kind === 2) this.onUpdate(decoding.readVarUint8Array(decoder))
  }
}

/** One-character edits at the end of a text, as the updates that an editor would send. */
export function* typing(root: string): Generator<Uint8Array, never> {
  const document = new Y.Doc()
  let update: Uint8Array = new Uint8Array()
  document.on('update', (made: Uint8Array) => {
    update = made
  })
  const text = document.getText(root)
  for (;;) {
    text.insert(text.length, 'abcdefghij'[text.length % 10]!)
    yield update
  }
}
