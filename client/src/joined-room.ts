import { type AnyRoom, createState, InterplayError } from '@interplay/shared'
import type { JobStatus } from '@interplay/shared/protocol'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { ConnectionState } from './connection-state.ts'
import { Listeners } from './listeners.ts'
import { cancelled } from './outbox.ts'
import { presenceOf } from './presence-schema.ts'
import type { DispatchOptions, OpenRoom } from './room.ts'
import { Session, type SessionLink } from './session.ts'
import { type RoomStatus, roomStatus, sameStatus, type Unsaved } from './status.ts'
import { UndoHistory } from './undo-history.ts'

/** How often listeners hear that a status counts more or fewer. */
const countsMs = 100

/** What a room needs of its client. */
export interface RoomLink extends SessionLink {
  connection(): ConnectionState
  /** The room is over, refused or left: its name is free. */
  over(room: JoinedRoom): void
}

/** The one implementation of `Room` and `OpenRoom`: the application's side of a {@link Session}. */
export class JoinedRoom implements OpenRoom<unknown, unknown> {
  readonly name: string
  /** `null` for an open room. */
  definition: AnyRoom | null = null
  params: object = {}
  readonly ready: Promise<void>
  readonly session: Session
  readonly history: UndoHistory

  readonly #link: RoomLink
  readonly #statusListeners = new Listeners()
  readonly #resetListeners = new Listeners<[InterplayError, Y.Doc]>()
  #state: object | null = null
  #live: object | null = null
  #status: RoomStatus = { at: 'connecting' }
  #notified: RoomStatus = this.#status
  #notifying = false
  /** Stops the timer that tells of counts. */
  #stopCounting: (() => void) | null = null
  /** Joins without their `leave()`. At 0 the session may live on until everything is delivered. */
  #joins = 0
  #started = false
  /** Refused or left: nothing goes out any more. */
  #over = false
  #settle!: { resolve: () => void; reject: (error: InterplayError) => void }

  constructor(name: string, link: RoomLink) {
    this.name = name
    this.#link = link
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    this.ready.catch(() => {}) // an application that does not wait for it reads the status
    this.session = new Session(name, link, {
      presence: presenceOf(() => this.definition),
      changed: () => this.changed(),
      replaced: (before, error) => this.#replaced(before, error),
    })
    this.history = new UndoHistory(this.doc, this)
  }

  get doc(): Y.Doc {
    return this.session.sync.doc
  }

  get awareness(): Awareness {
    return this.session.presence.awareness
  }

  get presence() {
    return this.session.presence
  }

  get others() {
    return this.session.presence.others
  }

  get jobs() {
    return this.session.jobs
  }

  get readOnly(): boolean {
    return this.session.sync.readOnly
  }

  get state(): object {
    const { definition, doc } = this
    if (!definition)
      throw new TypeError(`"${this.name}" is an open room: it has room.doc, but no typed state`)
    this.#state ??= createState(definition, doc, {
      writer: 'client',
      transact: (write) => {
        this.#mayWrite(doc)
        doc.transact(write, this)
      },
    })
    return this.#state
  }

  get live(): object {
    const { definition } = this
    if (!definition) throw new TypeError(`"${this.name}" is an open room: it has no live values`)
    this.#live ??= this.session.live.of(definition)
    return this.#live
  }

  get status(): RoomStatus {
    const next = this.#joins > 0 ? this.#readStatus() : ({ at: 'left' } as const)
    if (!sameStatus(this.#status, next)) this.#status = next
    return this.#status
  }

  subscribe(listener: () => void): () => void {
    return this.#statusListeners.add(listener)
  }

  onReset(listener: (error: InterplayError, before: Y.Doc) => void): () => void {
    return this.#resetListeners.add(listener)
  }

  async dispatch(event: string, input?: unknown, { signal }: DispatchOptions = {}): Promise<unknown> {
    const { state, sync, outbox } = this.session
    if (state.at === 'refused') throw state.error
    if (this.#joins === 0) throw this.#leftError()
    sync.flush() // the handler sees the edits made before
    return outbox.dispatch(event, input, signal)
  }

  onSignal(name: string, listener: (payload: unknown) => void): () => void {
    return this.session.signals.add(name, listener)
  }

  onJob(listener: (job: JobStatus) => void): () => void {
    return this.session.jobs.told.add(listener)
  }

  /** One more join. A room that was joined without a definition, or with one of before a hot reload, takes this one. */
  enter(definition: AnyRoom | null, params: object, presence: unknown): void {
    if (definition && definition !== this.definition) {
      this.definition = definition
      this.params = params
      this.#state = null
      this.#live = null
    }
    if (this.#joins === 0) this.session.presence.open(presence)
    this.#joins++
    this.changed()
  }

  leave(): void {
    if (this.#joins === 0) return
    this.#joins--
    if (this.#joins > 0) return
    this.session.presence.set(null)
    this.changed()
  }

  /** Leaves at once, whatever is not delivered. */
  close(): void {
    this.#joins = 0
    this.#end(this.#leftError(), cancelled)
    this.changed()
  }

  /** Something the status is made of may be another. */
  changed(): void {
    const { state } = this.session
    if (state.at === 'live') {
      this.#started = true
      this.#settle.resolve()
    }
    if (state.at === 'waiting' || this.#link.connection().at === 'waiting') this.#started = true
    if (state.at === 'refused') this.#end(state.error, () => state.error)
    if (this.#joins === 0 && this.#unsaved().since === null) this.#end(this.#leftError(), cancelled)
    this.#notifySoon()
  }

  #readStatus(): RoomStatus {
    return roomStatus(this.session.state, this.#link.connection(), this.#unsaved(), this.#started)
  }

  #unsaved(): Unsaved {
    const { sync, outbox } = this.session
    const since = [sync.since, outbox.since].filter((at) => at !== null)
    return { edits: sync.edits, events: outbox.size, since: since.length > 0 ? Math.min(...since) : null }
  }

  /** Once per turn, and only what is news; of mere counts, which every keystroke moves, a few times a second. */
  #notifySoon(): void {
    if (this.#notifying) return
    this.#notifying = true
    queueMicrotask(() => {
      this.#notifying = false
      const { status } = this
      if (status.at !== this.#notified.at) this.#notify()
      else if (status !== this.#notified)
        this.#stopCounting ??= this.#link.clock.after(countsMs, () => this.#notify())
    })
  }

  #notify(): void {
    this.#stopCounting?.()
    this.#stopCounting = null
    const { status } = this
    if (status === this.#notified) return
    this.#notified = status
    this.#statusListeners.notify()
  }

  #replaced(before: Y.Doc, error: InterplayError): void {
    this.#state = null
    this.history.move(this.doc)
    this.#resetListeners.notify(error, before)
  }

  #end(error: InterplayError, eventError: (sent: boolean) => InterplayError): void {
    if (this.#over) return
    this.#over = true
    const { session } = this
    session.signal({ on: 'leave' })
    session.outbox.fail(eventError)
    session.sync.close()
    session.presence.close()
    session.jobs.close()
    session.live.close()
    this.history.close()
    this.#settle.reject(error)
    this.#link.over(this)
  }

  #leftError(): InterplayError {
    return new InterplayError('cancelled', `The room "${this.name}" was left`)
  }

  /** Throws where an edit could never reach the server. */
  #mayWrite(doc: Y.Doc): void {
    const { state } = this.session
    if (state.at === 'refused') throw state.error
    if (this.#joins === 0) throw this.#leftError()
    if (this.readOnly)
      throw new InterplayError('read-only', `The room "${this.name}" is read-only for this client`)
    if (doc !== this.doc) {
      throw new InterplayError(
        'conflict',
        'The document was replaced after a refused edit: read room.state again',
      )
    }
  }
}
