import type { Connection } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import type { Actor } from '../events/context.ts'
import { Denied } from '../room/hocuspocus.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { atTurnEnd } from '../room/turn.ts'
import { type OutgoingFrames, syncTypes } from './hocuspocus-wire.ts'
import { WithheldUpdates } from './withheld.ts'

/** A client whose update lacks something is asked for all it has, but not more often than this. */
const resyncEveryMs = 1_000

/** Answering one session's questions for what it lacks takes at most this share of the time: the last of several is answered. */
const maxAnswerShare = 1 / 20

/** Updates of one session that may wait for what they lack. */
const maxWaiting = 64

/**
 * Sync frames of one session. An update is scanned, held against the write rules, applied, and acknowledged once the log
 * has it (S2); what does not decode, lacks something or may not be written is never acknowledged (S4, S5). Updates that
 * arrive together are applied together: a transaction costs more than most updates.
 */
export class SyncFrames {
  readonly #room: Room
  readonly #connection: Connection
  readonly #frames: OutgoingFrames
  readonly #hooks: Registry['hooks']
  readonly #actor: () => Actor
  readonly #refuse: (error: InterplayError) => void
  readonly #failed: (error: unknown) => void
  /** Updates of this turn, to be applied before anything else is looked at. */
  #arrived: Uint8Array[] = []
  readonly #withheld = new WithheldUpdates()
  readonly #isBehind: () => boolean
  /** A question for what the session lacks that has no answer yet. */
  #owed: Uint8Array | null = null
  #answerAgainAt = 0
  #answers: (InterplayError | null)[] = []
  /** Updates that lack something the room does not have, oldest first. */
  #waiting: Uint8Array[] = []
  #diverged: InterplayError | null = null
  #askedAt = 0

  constructor(
    room: Room,
    connection: Connection,
    frames: OutgoingFrames,
    hooks: Registry['hooks'],
    actor: () => Actor,
    refuse: (error: InterplayError) => void,
    failed: (error: unknown) => void,
    isBehind: () => boolean,
  ) {
    this.#room = room
    this.#connection = connection
    this.#frames = frames
    this.#hooks = hooks
    this.#actor = actor
    this.#refuse = refuse
    this.#failed = failed
    this.#isBehind = isBehind
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
    this.flush()
    if (this.#hooks.message) await callbacks.afterHandleMessage(this.#connection, frame)
  }

  #apply(type: number, payload: Uint8Array): void {
    if (type === syncTypes.step1) {
      this.flush()
      return this.#askedFor(payload)
    }
    if (this.#arrived.push(payload) === 1) queueMicrotask(this.flush)
  }

  /** Applies what has arrived, and answers it in its order. */
  readonly flush = (): void => {
    const updates = this.#arrived
    if (updates.length === 0) return
    this.#arrived = []
    try {
      const origin = { source: 'connection', connection: this.#connection }
      if (updates.length === 1) this.#applyUpdate(updates[0]!)
      else
        this.#room.together(this.#actor(), origin, () => {
          for (const update of updates) this.#applyUpdate(update)
        })
    } catch (error) {
      this.#failed(error)
    }
    const answers = this.#answers
    this.#answers = []
    for (const refusal of answers) this.#answer(refusal)
  }

  /** Notes an update that the session is not sent now. */
  withhold(update: Uint8Array): void {
    this.#withheld.add(update)
  }

  /** The session has read everything: it is sent what it lacks, in one piece. */
  caughtUp(): void {
    if (this.#owed) {
      const vector = this.#owed
      this.#owed = null
      this.#withheld.clear()
      this.#answerStep1(vector)
    } else if (this.#withheld.any) {
      const update = this.#withheld.take(this.#room.document)
      this.#connection.send(this.#frames.sync(syncTypes.update, update))
    }
  }

  /** Of several questions the last one is answered, and none while the session reads nothing. */
  #askedFor(vector: Uint8Array): void {
    if (this.#owed || this.#isBehind()) {
      this.#owed = vector
      return
    }
    this.#owed = vector
    const waitMs = this.#answerAgainAt - performance.now()
    if (waitMs <= 0) atTurnEnd('rooms', () => this.#answerOwed())
    else setTimeout(() => this.#answerOwed(), waitMs).unref()
  }

  #answerOwed(): void {
    const vector = this.#owed
    if (!vector || this.#isBehind()) return
    this.#owed = null
    const startedAt = performance.now()
    this.#answerStep1(vector)
    const endedAt = performance.now()
    this.#answerAgainAt = endedAt + (endedAt - startedAt) / maxAnswerShare
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
      if (taken) this.#answers.push(null)
      // What leans on a refused update shares its fate.
      else if (this.#diverged) this.#answers.push(this.#diverged)
      return taken || this.#diverged !== null
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      this.#diverged = error
      this.#answers.push(error)
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
