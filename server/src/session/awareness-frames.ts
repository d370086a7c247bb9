import type { Connection } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import * as decoding from 'lib0/decoding'
import { applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import { type PresenceEntry, type PresenceHolder, readPresence, writePresence } from '../room/presence.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import type { OutgoingFrames } from './hocuspocus-wire.ts'

/** Bytes of the largest presence a session may have. */
const maxPresenceBytes = 64 * 1024

/** Presence frames of one session: it writes its own presence and nobody else's (P1). */
export class AwarenessFrames {
  readonly #room: Room
  readonly #connection: Connection
  readonly #holder: PresenceHolder
  readonly #frames: OutgoingFrames
  readonly #hooks: Registry['hooks']
  readonly #withheld = new Set<number>()

  constructor(
    room: Room,
    connection: Connection,
    holder: PresenceHolder,
    frames: OutgoingFrames,
    hooks: Registry['hooks'],
  ) {
    this.#room = room
    this.#connection = connection
    this.#holder = holder
    this.#frames = frames
    this.#hooks = hooks
  }

  handle(decoder: decoding.Decoder, frame: Uint8Array): void | Promise<void> {
    const update = decoding.readVarUint8Array(decoder)
    if (update.length > maxPresenceBytes) {
      throw new InterplayError(
        'too-large',
        `Presence has ${update.length} bytes; ${maxPresenceBytes} are allowed.`,
      )
    }
    const entries = this.#room.presence.admit(this.#holder, readPresence(update))
    if (entries.length === 0) return
    if (!this.#hooks.presence && !this.#hooks.message) return this.#apply(entries)
    return this.#applyHooked(entries, frame)
  }

  /** Notes whose presence the session was not sent: only the latest of it matters. */
  withhold(update: Uint8Array): void {
    for (const { clientId } of readPresence(update)) this.#withheld.add(clientId)
  }

  /** Sends the latest presence of those that were withheld. */
  caughtUp(): void {
    if (this.#withheld.size === 0) return
    const { awareness } = this.#room.document
    const clientIds = [...this.#withheld].filter((clientId) => awareness.meta.has(clientId))
    this.#withheld.clear()
    if (clientIds.length > 0)
      this.#connection.send(this.#frames.awareness(encodeAwarenessUpdate(awareness, clientIds)))
  }

  sendAll(): void {
    const { awareness } = this.#room.document
    const update = encodeAwarenessUpdate(awareness, [...awareness.getStates().keys()])
    this.#connection.send(this.#frames.awareness(update))
  }

  #apply(entries: readonly PresenceEntry[]): void {
    const origin = { source: 'connection', connection: this.#connection }
    applyAwarenessUpdate(this.#room.document.awareness, writePresence(entries), origin)
  }

  /** Hooks see the states that are set, and may change, add or drop them. A throw drops the message. */
  async #applyHooked(entries: readonly PresenceEntry[], frame: Uint8Array): Promise<void> {
    const { callbacks } = this.#connection
    const { document } = this.#room
    const states = new Map<number, Record<string, unknown>>()
    for (const { clientId, state } of entries) if (state !== 'null') states.set(clientId, JSON.parse(state))
    try {
      if (this.#hooks.message) await callbacks.beforeHandleMessage(this.#connection, frame)
      await document.callbacks.beforeHandleAwareness(document, states, {
        source: 'connection',
        connection: this.#connection,
      })
    } catch {
      return
    }
    const clocks = new Map(entries.map(({ clientId, clock }) => [clientId, clock]))
    const left = entries.filter(({ state }) => state === 'null')
    const changed = [...states].map(([clientId, state]) => ({
      clientId,
      clock: clocks.get(clientId) ?? (document.awareness.meta.get(clientId)?.clock ?? 0) + 1,
      state: JSON.stringify(state),
    }))
    this.#apply([...left, ...changed])
    if (this.#hooks.message) await callbacks.afterHandleMessage(this.#connection, frame)
  }
}
