import { InterplayError } from '@interplay/shared'
import * as Y from 'yjs'
import type { Clock } from './clock.ts'
import { writeStep1, writeStep2, writeUpdate } from './hocuspocus-frame.ts'
import { TurnUpdate } from './turn-update.ts'

export interface SyncHost {
  readonly room: string
  readonly clock: Clock
  maxFrameBytes(): number
  send(frame: Uint8Array): void
  /** The count of unsaved edits is another one. */
  changed(): void
  /** The server's state replaced a document with refused edits. */
  replaced(before: Y.Doc, error: InterplayError): void
  /** The document cannot be brought to the server. */
  refuse(error: InterplayError): void
}

/** Edits of this client: how many transactions, and when the oldest was made. */
interface Edits {
  readonly count: number
  readonly since: number
}

/**
 * A frame that the server answers with a SyncStatus. `nothing` holds no change of ours; `refused` belongs to a document
 * that is being replaced.
 */
interface SentUpdate {
  readonly is: 'edits' | 'nothing' | 'refused'
  readonly edits: Edits
}

const none: Edits = { count: 0, since: Number.POSITIVE_INFINITY }
const emptyUpdate = new Uint8Array([0, 0])

/**
 * One document and the server's copy of it. While live, the edits of one turn go out as one update; otherwise nothing
 * is queued: the answer to the server's first sync step holds whatever it lacks, as one update.
 */
export class StateSync {
  doc = new Y.Doc()
  /** Whether the server takes no edits from this session. */
  readOnly = false

  readonly #host: SyncHost
  /** Edits that are in no frame yet. */
  #unsent = none
  /** Frames without an answer, oldest first. */
  #sent: SentUpdate[] = []
  readonly #turn = new TurnUpdate()
  #flushing = false
  #live = false
  /** The document that takes over once the server's state is in it, and why. */
  #next: { doc: Y.Doc; error: InterplayError } | null = null
  /** The document holds nothing but what the server sent on this connection: there is nothing to answer. */
  #pristine = false

  constructor(host: SyncHost) {
    this.#host = host
    this.doc.on('afterTransactionCleanup', this.#onTransaction)
  }

  /** Transactions that are not durable on the server yet. */
  get edits(): number {
    return this.#sent.reduce((count, { edits }) => count + edits.count, this.#unsent.count)
  }

  get since(): number | null {
    const since = this.#sent.reduce((oldest, { edits }) => Math.min(oldest, edits.since), this.#unsent.since)
    return since === none.since ? null : since
  }

  /** The first sync step: asks for what this document lacks. */
  ask(): void {
    this.#host.send(writeStep1(this.#host.room, Y.encodeStateVector(this.#next?.doc ?? this.doc)))
  }

  /** Answers the server's first sync step; from now on edits go out at once. Throws on garbage. */
  answer(vector: Uint8Array): void {
    this.#turn.clear()
    this.#live = true
    const { room } = this.#host
    if (this.#next || (this.#unsent.count === 0 && (this.readOnly || this.#pristine))) {
      this.#sent.push({ is: 'nothing', edits: none })
      this.#host.send(writeStep2(room, emptyUpdate))
      return
    }
    const frame = writeStep2(room, Y.encodeStateAsUpdate(this.doc, vector))
    if (frame.length > this.#host.maxFrameBytes()) this.#host.refuse(this.#tooLarge(frame))
    else this.#send(frame)
  }

  /** An update of the server, or its answer to {@link ask}. Throws on garbage. */
  apply(update: Uint8Array, isAnswer: boolean): void {
    const next = this.#next
    applyGuarded(next?.doc ?? this.doc, update, this)
    if (next && isAnswer) this.#replace(next)
  }

  /** The oldest frame is durable. */
  saved(): void {
    const sent = this.#sent.shift()
    if (sent && sent.edits.count > 0) this.#host.changed()
  }

  /**
   * A frame was refused: the oldest with edits, for a refusal may overtake the confirmations before it, which wait for
   * the disk. Yjs cannot roll back: a new document takes over once it has the server's state.
   */
  refused(error: InterplayError): void {
    const at = this.#sent.findIndex(({ is }) => is === 'edits')
    const [sent] = this.#sent.splice(Math.max(at, 0), 1)
    if (sent?.is === 'edits') this.#startAnew(sent.edits, error)
  }

  /** Sends the edits of this turn now, before whatever must come after them. */
  readonly flush = (): void => {
    this.#flushing = false
    if (!this.#live || this.#next) return
    const update = this.#turn.take(this.doc)
    if (!update) return
    const frame = writeUpdate(this.#host.room, update)
    if (frame.length > this.#host.maxFrameBytes()) this.#startAnew(none, this.#tooLarge(frame))
    else this.#send(frame)
  }

  /** The connection is gone: the next {@link answer} holds what was under way. */
  suspend(): void {
    this.#live = false
    this.#pristine = false
    this.#turn.clear()
    this.#unsent = this.#sent.reduce((all, { edits }) => add(all, edits), this.#unsent)
    this.#sent = []
  }

  close(): void {
    this.suspend()
    this.doc.off('afterTransactionCleanup', this.#onTransaction)
  }

  readonly #onTransaction = (transaction: Y.Transaction): void => {
    if (transaction.origin === this || !TurnUpdate.changes(transaction)) return
    this.#pristine = false
    this.#unsent = add(this.#unsent, { count: 1, since: this.#host.clock.now() })
    if (this.#live) {
      this.#turn.add(transaction)
      if (!this.#flushing) queueMicrotask(this.flush)
      this.#flushing = true
    }
    this.#host.changed()
  }

  #send(frame: Uint8Array): void {
    this.#sent.push({ is: 'edits', edits: this.#unsent })
    this.#unsent = none
    this.#host.send(frame)
  }

  #startAnew(edits: Edits, error: InterplayError): void {
    if (this.#next) return
    // They count as unsaved until the other document is there.
    this.#unsent = this.#sent.reduce((all, sent) => add(all, sent.edits), add(edits, this.#unsent))
    this.#sent = this.#sent.map(() => ({ is: 'refused', edits: none }))
    this.#turn.clear()
    this.doc.off('afterTransactionCleanup', this.#onTransaction)
    this.#next = { doc: new Y.Doc(), error }
    this.ask()
  }

  #replace({ doc, error }: { doc: Y.Doc; error: InterplayError }): void {
    const before = this.doc
    this.doc = doc
    this.#next = null
    this.#unsent = none
    this.#pristine = true
    doc.on('afterTransactionCleanup', this.#onTransaction)
    this.#host.replaced(before, error)
    this.#host.changed()
  }

  #tooLarge(frame: Uint8Array): InterplayError {
    const text = `The edit makes ${frame.length} bytes; the server takes ${this.#host.maxFrameBytes()}.`
    return new InterplayError('too-large', text)
  }
}

/** An observer of the application that throws is not the server's fault; bytes that do not decode are. */
function applyGuarded(doc: Y.Doc, update: Uint8Array, origin: unknown): void {
  try {
    Y.applyUpdate(doc, update, origin)
  } catch (error) {
    Y.decodeUpdate(update)
    console.error(error)
  }
}

function add(a: Edits, b: Edits): Edits {
  return { count: a.count + b.count, since: Math.min(a.since, b.since) }
}
