import type { Connection } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import type { Actor } from '../events/context.ts'
import { Denied } from '../room/hocuspocus.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { type OutgoingFrames, syncTypes } from './hocuspocus-wire.ts'

/** A client whose update lacks something is asked for all it has, but not more often than this. */
const resyncEveryMs = 1_000

/** Updates of one session that may wait for what they lack. */
const maxWaiting = 64

/**
 * Sync frames of one session. An update is scanned, held against the write rules, applied, and acknowledged once the log
 * has it (S2); what does not decode, lacks something or may not be written is never acknowledged (S4, S5).
 */
export class SyncFrames {
  readonly #room: Room
  readonly #connection: Connection
  readonly #frames: OutgoingFrames
  readonly #hooks: Registry['hooks']
  readonly #actor: () => Actor | null
  readonly #refuse: (error: InterplayError) => void
  /** Updates that lack something the room does not have, oldest first. */
  #waiting: Uint8Array[] = []
  #diverged: InterplayError | null = null
  #askedAt = 0

  constructor(
    room: Room,
    connection: Connection,
    frames: OutgoingFrames,
    hooks: Registry['hooks'],
    actor: () => Actor | null,
    refuse: (error: InterplayError) => void,
  ) {
    this.#room = room
    this.#connection = connection
    this.#frames = frames
    this.#hooks = hooks
    this.#actor = actor
    this.#refuse = refuse
  }

  handle(decoder: decoding.Decoder, frame: Uint8Array): void | Promise<void> {
    const type = decoding.readVarUint(decoder)
    const payload = decoding.readVarUint8Array(decoder)
    if (type > syncTypes.update) throw new Error(`unknown sync message ${type}`)
    if (!this.#hooks.message && !this.#hooks.sync) return this.#apply(type, payload)
    return this.#applyHooked(type, payload, frame)
  }

  /** A hook that throws refuses the message, and nothing else. */
  async #applyHooked(type: number, payload: Uint8Array, frame: Uint8Array): Promise<void> {
    const { callbacks } = this.#connection
    try {
      if (this.#hooks.message) await callbacks.beforeHandleMessage(this.#connection, frame)
      if (this.#hooks.sync) await callbacks.beforeSync(this.#connection, { type, payload })
    } catch (error) {
      if (!(error instanceof Denied)) throw error
      this.#diverged = error.error
      if (type !== syncTypes.step1) this.#answer(error.error)
      return
    }
    this.#apply(type, payload)
    if (this.#hooks.message) await callbacks.afterHandleMessage(this.#connection, frame)
  }

  #apply(type: number, payload: Uint8Array): void {
    if (type === syncTypes.step1) this.#answerStep1(payload)
    else this.#applyUpdate(payload)
  }

  #answerStep1(vector: Uint8Array): void {
    // A client that starts again is measured anew.
    this.#diverged = null
    this.#waiting = []
    const { document } = this.#room
    this.#connection.send(this.#frames.sync(syncTypes.step2, Y.encodeStateAsUpdate(document, vector)))
    this.#askForUpdates()
  }

  #askForUpdates(): void {
    this.#askedAt = Date.now()
    this.#connection.send(this.#frames.sync(syncTypes.step1, Y.encodeStateVector(this.#room.document)))
  }

  #applyUpdate(update: Uint8Array): void {
    if (this.#judge(update)) return this.#applyWaiting()
    if (this.#waiting.length >= maxWaiting) {
      throw new InterplayError('malformed', `${maxWaiting} updates build on changes that were never sent.`)
    }
    this.#waiting.push(update)
    if (Date.now() - this.#askedAt > resyncEveryMs) this.#askForUpdates()
  }

  /** What arrived may be what others waited for. */
  #applyWaiting(): void {
    if (this.#waiting.length > 0) this.#waiting = this.#waiting.filter((update) => !this.#judge(update))
  }

  /** Applies or refuses an update, and says so. Returns `false` if it lacks something: it is not answered yet. */
  #judge(update: Uint8Array): boolean {
    const origin = { source: 'connection', connection: this.#connection }
    try {
      const taken = this.#room.write(update, this.#actor(), !this.#connection.readOnly, origin) === 'taken'
      if (taken) this.#answer(null)
      // What leans on a refused update shares its fate.
      else if (this.#diverged) this.#answer(this.#diverged)
      return taken || this.#diverged !== null
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      this.#diverged = error
      this.#answer(error)
      return true
    }
  }

  /** Answers come in the order of the updates: a refusal waits for the acknowledgements before it. */
  #answer(refusal: InterplayError | null): void {
    const { writer } = this.#room
    writer.whenDurable(writer.sequence, () => {
      if (refusal) this.#refuse(refusal)
      this.#connection.send(this.#frames.syncStatus(refusal === null))
    })
  }
}
