import type { WebSocketConstructor } from '@interplay/client'
import { type Dispatch, isRuntimeFrame, type Outcome, readFrame } from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'

/**
 * What one client sent and what the server promised, read off the wire of one room, whatever the client makes of it.
 * An update is acknowledged when the SyncStatus 1 that answers it has come: the server answers each in order.
 */
export class Tap {
  /** Every dispatched event by its id. */
  readonly dispatched = new Map<string, Dispatch>()
  /** Answers by event id, in the order they came: a resend may get the stored one again. */
  readonly answers = new Map<string, Outcome[]>()
  /** What an honest client must never see: a SyncStatus 0, a refusal, an acknowledgement of nothing. */
  readonly complaints: string[] = []
  acknowledgements = 0
  #socket: WebSocket | null = null
  /** Where the acknowledged structs of each Yjs client end, and what was deleted. */
  readonly #clocks = new Map<number, number>()
  #deletes: ReturnType<typeof Y.mergeDeleteSets>[] = []

  /** For `createClient`. */
  get WebSocket(): WebSocketConstructor {
    const tap = this
    return class extends WebSocket {
      readonly #unanswered: Uint8Array[] = []

      constructor(url: string | URL) {
        super(url)
        tap.#socket = this
        // Registered before the client's own: what a client has seen, the tap has seen.
        this.addEventListener('message', ({ data }) => tap.#received(new Uint8Array(data), this.#unanswered))
      }

      override send(bytes: Uint8Array<ArrayBuffer>): void {
        tap.#sent(bytes, this.#unanswered)
        super.send(bytes)
      }
    }
  }

  /** Ends the connection; the client makes another one. */
  cut(): void {
    this.#socket?.close()
  }

  /** Whether a document holds everything that was acknowledged; `null`, or what it lacks. */
  missing(document: Y.Doc): string | null {
    for (const [client, clock] of this.#clocks) {
      const has = Y.getState(document.store, client)
      if (has < clock) return `the structs ${has} to ${clock} of client ${client}`
    }
    this.#deletes = [Y.mergeDeleteSets(this.#deletes)]
    const { clients } = Y.createDeleteSetFromStructStore(document.store)
    for (const [client, ranges] of this.#deletes[0]!.clients) {
      for (const { clock, len } of ranges) {
        const isDeleted = clients
          .get(client)
          ?.some((held) => held.clock <= clock && clock + len <= held.clock + held.len)
        if (!isDeleted) return `the deletion of ${clock} to ${clock + len} of client ${client}`
      }
    }
    return null
  }

  #sent(bytes: Uint8Array, unanswered: Uint8Array[]): void {
    if (isRuntimeFrame(bytes)) {
      const frame = readFrame(bytes)
      if (frame.kind === 'dispatch') this.dispatched.set(frame.eventId, frame)
      return
    }
    const { type, decoder } = readHead(bytes)
    if (type !== 0) return
    const isUpdate = decoding.readVarUint(decoder) !== 0
    if (isUpdate) unanswered.push(decoding.readVarUint8Array(decoder).slice())
  }

  #received(bytes: Uint8Array, unanswered: Uint8Array[]): void {
    if (isRuntimeFrame(bytes)) {
      const frame = readFrame(bytes)
      if (frame.kind === 'reply')
        this.answers.set(frame.eventId, [...(this.answers.get(frame.eventId) ?? []), frame.outcome])
      if (frame.kind === 'refused') this.complaints.push(`refused: ${JSON.stringify(frame.error)}`)
      return
    }
    const { type, decoder } = readHead(bytes)
    if (type !== 8) return
    const update = unanswered.shift()
    if (!update) this.complaints.push('an acknowledgement of nothing')
    else if (decoding.readVarUint(decoder) === 1) this.#acknowledged(update)
    else this.complaints.push('a SyncStatus 0')
  }

  #acknowledged(update: Uint8Array): void {
    const { structs, ds } = Y.decodeUpdate(update)
    for (const { id, length } of structs) {
      this.#clocks.set(id.client, Math.max(this.#clocks.get(id.client) ?? 0, id.clock + length))
    }
    this.#deletes.push(ds)
    this.acknowledgements += 1
  }
}

/** The type of a Hocuspocus frame, and the decoder behind it. */
function readHead(bytes: Uint8Array) {
  const decoder = decoding.createDecoder(bytes)
  decoding.readVarUint8Array(decoder)
  return { type: decoding.readVarUint(decoder), decoder }
}
