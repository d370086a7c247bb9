import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

/**
 * A client that speaks the Hocuspocus wire with nothing around it, so that what is measured is the server: it joins one
 * room, sends updates and counts what comes back. The same for every server.
 */
export class WireClient implements Disposable {
  /** Updates that the server has acknowledged (SyncStatus 1). */
  acknowledged = 0
  /** Called with every update of somebody else. */
  onUpdate: (update: Uint8Array) => void = () => {}
  onAcknowledged: () => void = () => {}
  readonly #room: string
  readonly #webSocket: WebSocket
  #joined: () => void = () => {}

  private constructor(webSocket: WebSocket, room: string) {
    this.#webSocket = webSocket
    this.#room = room
    webSocket.binaryType = 'arraybuffer'
    webSocket.onmessage = ({ data }) => this.#receive(new Uint8Array(data))
  }

  /** Resolves once the room's state has come. */
  static async join(url: string, room: string): Promise<WireClient> {
    const client = new WireClient(new WebSocket(url), room)
    await new Promise((resolve, reject) => {
      client.#webSocket.onopen = resolve
      client.#webSocket.onerror = reject
    })
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

  [Symbol.dispose](): void {
    this.#webSocket.close()
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
    this.#webSocket.send(encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>)
  }

  #receive(bytes: Uint8Array): void {
    const decoder = decoding.createDecoder(bytes)
    decoding.readVarUint8Array(decoder)
    const type = decoding.readVarUint(decoder)
    if (type === 8 && decoding.readVarUint(decoder) === 1) {
      this.acknowledged += 1
      this.onAcknowledged()
    }
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
