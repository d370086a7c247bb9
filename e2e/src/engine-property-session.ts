import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '@interplay/shared/protocol'
import * as Y from 'yjs'
import type { Deed } from './engine-property-rooms.ts'
import { WireClient } from './wire-client.ts'
import type { World } from './world.ts'

/** One event, and all that its callers heard of it: over every session and every connection. */
export interface Dispatched {
  readonly id: string
  readonly session: number
  readonly deed: Deed
  readonly answers: Outcome[]
}

/**
 * A session as an honest client keeps it, by hand: what has no answer is sent again after every connection, in its order. What
 * it is told to send twice it has sent over the same connection before, or knows the answer to.
 */
export class EngineSession {
  readonly signals: string[] = []
  /** What an honest client must never see. */
  readonly complaints: string[] = []
  readonly events: Dispatched[] = []
  readonly #ws: string
  readonly #room: string
  readonly #token: string
  readonly #document = new Y.Doc()
  readonly #answered: (id: string, outcome: Outcome) => void
  #client: WireClient | null = null
  #outbox: Dispatched[] = []
  /** Events of the outbox that went out over this connection. */
  #sent = 0
  /** All that went out over this connection. */
  #gone: Dispatched[] = []
  #attempt = 0
  #held = false
  #closed = false

  constructor(ws: string, room: string, token: string, answered: (id: string, outcome: Outcome) => void) {
    this.#ws = ws
    this.#room = room
    this.#token = token
    this.#answered = answered
    void this.#connect()
  }

  get token(): string {
    return this.#token
  }

  get isQuiet(): boolean {
    return this.#client !== null && this.#outbox.length === 0
  }

  dispatch(event: Dispatched): void {
    this.events.push(event)
    this.#outbox.push(event)
    this.#flush()
  }

  edit(mark: string): void {
    this.#document.getArray('edits').push([mark])
    this.#sendDocument()
  }

  /** Sends one of the last events of this connection again. */
  again(back: number): void {
    const event = this.#gone.at(-1 - (back % Math.max(1, this.#gone.length)))
    if (event && !this.#held) this.#send(event)
  }

  /** Sends an event of another session of this user, which is answered already. */
  repeat(event: Dispatched): void {
    if (!this.#held) this.#send(event)
  }

  hold(): void {
    this.#held = true
  }

  release(): void {
    this.#held = false
    this.#sendDocument()
    this.#flush()
  }

  cut(): void {
    this.#client?.webSocket.terminate()
  }

  close(): void {
    this.#closed = true
    this.cut()
  }

  async #connect(): Promise<void> {
    while (!this.#closed) {
      const client = await WireClient.connect({ ws: this.#ws } as World).catch(() => null)
      if (!client) {
        await delay(10)
        continue
      }
      this.#client = client
      this.#sent = 0
      this.#gone = []
      this.#attempt += 1
      let read = 0
      client.webSocket.on('message', () => {
        for (; read < client.runtime.length; read++) this.#read(client.runtime[read]!)
        // The server ended the session: the room was closed.
        if (client.frames.some(({ type }) => type === 7)) client.webSocket.terminate()
      })
      client.webSocket.once('close', () => {
        this.#client = null
        void this.#connect()
      })
      client.auth(this.#room, this.#token)
      client.sync(this.#room, 0, new Uint8Array([0]))
      this.#sendDocument()
      this.#flush()
      return
    }
  }

  #read(frame: WireClient['runtime'][number]): void {
    if (frame.kind === 'signal') this.signals.push(String(frame.payload))
    // A room that cannot be joined just now says so, and the session is tried again.
    if (frame.kind === 'refused' && frame.scope === 'join') return this.cut()
    if (frame.kind === 'refused') this.complaints.push(`refused: ${JSON.stringify(frame.error)}`)
    if (frame.kind !== 'reply') return
    const place = this.#outbox.findIndex(({ id }) => id === frame.eventId)
    if (place >= 0) {
      this.#outbox.splice(place, 1)
      if (place < this.#sent) this.#sent -= 1
    }
    this.#answered(frame.eventId, frame.outcome)
  }

  #sendDocument(): void {
    if (this.#held) return
    this.#client?.sync(this.#room, 1, Y.encodeStateAsUpdate(this.#document))
  }

  #flush(): void {
    if (!this.#client || this.#held) return
    for (const event of this.#outbox.slice(this.#sent)) this.#send(event)
    this.#sent = this.#outbox.length
  }

  #send(event: Dispatched): void {
    if (!this.#client) return
    this.#client.dispatch(this.#room, event.id, 'do', event.deed, this.#attempt)
    this.#gone.push(event)
  }
}
