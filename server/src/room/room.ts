import type { Document } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import * as Y from 'yjs'
import { type EventRequest, runEvent, type Verdict } from '../events/dispatch.ts'
import type { AnyImplementation } from '../events/implement.ts'
import type { StoredRoom, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Compactor } from './compactor.ts'
import { fill } from './fill.ts'
import { Forks, handlerOrigin } from './forks.ts'
import { Inbox } from './inbox.ts'
import { PresenceOwners } from './presence.ts'
import { StoredReplies } from './stored-replies.ts'
import { judgeUpdate } from './update-gate.ts'
import { Writer } from './writer.ts'

/** What a room needs of the server around it. */
export interface RoomServices {
  readonly log: UpdateLog
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
  readonly maxInboxEvents: number
  readonly handlerDeadlineMs: number
  /** Nobody is in the room and nothing of it is unsaved. */
  readonly idle: (room: Room) => void
  /** The log refused the room's entries for good: everybody must leave, and the room is read anew. */
  readonly lost: (room: Room, error: Error) => void
}

/** The code that runs a room, and the parameters in its name. */
export interface RoomCode {
  readonly implementation: AnyImplementation
  readonly params: Record<string, string>
  /** Root types that only handlers may write. */
  readonly restricted: ReadonlySet<string>
}

/** Whoever dispatched an event: told its outcome, or that the room closed before there was one. Neither may throw. */
export interface Caller {
  readonly answered: (outcome: Outcome) => void
  /** The same id, dispatched again, still runs once. */
  readonly lost: (error: InterplayError) => void
}

/** An event that has no answer yet. */
interface InFlight {
  readonly key: string
  readonly request: EventRequest
  /** Its outcome, if it has one from before; `null` where it certainly has none. */
  readonly stored: Promise<Outcome | null> | null
  readonly callers: Caller[]
}

/**
 * One room: its document, the writer that makes changes durable, and the inbox that runs events one at a time.
 *
 *     edits:   session → document → writer → log → ack
 *     events:  session → inbox → handler on a fork → writer → log → document → reply
 */
export class Room {
  readonly name: string
  readonly document: Document
  readonly presence: PresenceOwners
  readonly writer: Writer
  readonly compactor: Compactor
  /** `null` for an open room, which has no definition. */
  code: RoomCode | null
  readonly #services: RoomServices
  readonly #inbox: Inbox<InFlight>
  readonly #stored: StoredReplies
  readonly #forks: Forks
  readonly #inFlight = new Map<string, InFlight>()
  readonly #settling: (() => void)[] = []
  #held = false
  #closed = false

  constructor(
    name: string,
    document: Document,
    stored: StoredRoom,
    code: RoomCode | null,
    services: RoomServices,
  ) {
    const { log, logger, metrics } = services
    this.name = name
    this.document = document
    this.code = code
    this.#services = services
    const whole = fill(document, stored, name, services)
    this.presence = new PresenceOwners(document.awareness)
    this.#stored = new StoredReplies(name, log)
    this.#forks = new Forks(document)
    this.#inbox = new Inbox(
      services.maxInboxEvents,
      (event) => this.#run(event),
      () => this.#settle(),
    )
    this.compactor = new Compactor(name, document, stored, log, whole, {
      compacted: () => metrics.compactions.inc(),
      failed: (error) => logger.warn({ room: name, error: String(error) }, 'a snapshot could not be written'),
    })
    this.writer = new Writer(name, log, stored.position, {
      appended: (position, bytes, entries) => this.#appended(position, bytes, entries),
      failing: (error, retryMs) => this.#failing(error, retryMs),
      recovered: () => {
        metrics.degraded.dec()
        logger.info({ room: name }, 'appends work again')
      },
      refused: (error) => services.lost(this, error),
    })
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === handlerOrigin) return
      this.writer.push({ update })
      this.#hold()
      this.#forks.follow(update)
    })
  }

  /**
   * Takes an update from outside: applied and on its way into the log, or `waiting` for what the room does not have.
   * Throws a typed error if it may not be written, and changes nothing then.
   */
  write(update: Uint8Array, canEdit: boolean, origin: unknown): 'taken' | 'waiting' {
    const restricted = this.code?.restricted ?? noRoots
    const judged = judgeUpdate(update, this.document, { canEdit, restricted })
    if (judged === 'waiting') return 'waiting'
    if (judged === 'known') return 'taken'
    const { store } = this.document
    const waiting = store.pendingStructs
    try {
      Y.applyUpdate(this.document, update, origin)
    } catch (cause) {
      throw new InterplayError('malformed', `The update does not decode: ${cause}`, { cause })
    }
    if (waiting !== null || store.pendingStructs === null) return 'taken'
    // Structs that wait for each other pass every check but integration; nothing may begin to wait here.
    store.pendingStructs = null
    throw new InterplayError('malformed', 'The update refers to itself.')
  }

  /** Whether something of this room is not durable yet. */
  get unsaved(): boolean {
    return !this.#closed && (this.writer.unsaved > 0 || this.#inbox.length > 0)
  }

  /** Answers an event once: the caller is told when its effect is durable and in the document. */
  dispatch(request: EventRequest, caller: Caller): void {
    if (this.#closed) return caller.lost(this.#unavailable())
    const key = replyKey(request)
    const running = this.#inFlight.get(key)
    if (running) {
      running.callers.push(caller)
      return
    }
    const event: InFlight = { key, request, stored: this.#stored.find(key), callers: [caller] }
    this.#inFlight.set(key, event)
    this.#hold()
    if (!this.#inbox.offer(event))
      this.#answer(event, failed('overloaded', `The inbox of '${this.name}' is full.`))
  }

  /** Resolves once nothing of the room is unsaved. */
  settled(): Promise<void> {
    if (!this.unsaved) return Promise.resolve()
    return new Promise((resolve) => this.#settling.push(resolve))
  }

  /** Stops the room's work for good: nothing is appended after this. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.writer.failingSince !== null) this.#services.metrics.degraded.dec()
    this.writer.stop()
    this.#stored.stop()
    this.#forks.drop()
    this.#release()
    for (const { callers } of this.#inFlight.values()) {
      this.#services.metrics.events.inc({ outcome: 'unavailable' })
      for (const { lost } of callers) lost(this.#unavailable())
    }
    this.#inFlight.clear()
  }

  #unavailable(): InterplayError {
    return new InterplayError(
      'unavailable',
      `'${this.name}' closed. Dispatch the event again, with the same id.`,
    )
  }

  #run(event: InFlight): void | Promise<void> {
    if (event.stored === null) return this.#handle(event)
    return event.stored.then((reply) => (reply ? this.#answer(event, reply) : this.#handle(event)))
  }

  #handle(event: InFlight): void | Promise<void> {
    if (!this.code) {
      return this.#answer(
        event,
        failed('unknown-event', `'${this.name}' has no definition, and so no events.`),
      )
    }
    const startedAt = performance.now()
    const verdict = runEvent(this.code.implementation, event.request, {
      room: this.name,
      params: this.code.params,
      deadlineMs: this.#services.handlerDeadlineMs,
      logger: this.#services.logger,
      begin: () => this.#forks.begin(),
    })
    const handled = (verdict: Verdict) => {
      this.#services.metrics.handlerSeconds.observe((performance.now() - startedAt) / 1000)
      this.#record(event, verdict)
    }
    return verdict instanceof Promise ? verdict.then(handled) : handled(verdict)
  }

  /** Hands an event's change and reply to the log; the caller is answered once they are durable. */
  #record(event: InFlight, { outcome, handled, change, spoilt }: Verdict): void {
    if (spoilt) this.#forks.drop()
    if (!handled) return this.#answer(event, outcome)
    if (change) this.#forks.ahead(change)
    const reply = { eventId: event.key, at: this.#services.clock(), outcome }
    const sequence = this.writer.push(change ? { update: change, reply } : { reply })
    this.writer.whenDurable(sequence, () => {
      if (change) this.#forks.durable(change)
      this.#answer(event, outcome)
    })
  }

  #answer(event: InFlight, outcome: Outcome): void {
    if (!this.#inFlight.delete(event.key)) return
    this.#services.metrics.events.inc({ outcome: outcome.ok ? 'ok' : outcome.error.code })
    for (const { answered } of event.callers) answered(outcome)
  }

  #appended(position: number, bytes: number, entries: number): void {
    // Changes of handlers reach everybody before the replies do, which wait for the end of this turn.
    this.#forks.land()
    this.document.flush()
    this.#services.metrics.appended.inc(entries)
    this.#services.metrics.appendedBytes.inc(bytes)
    this.compactor.appended(position, bytes, entries)
    this.#settle()
  }

  #failing(error: unknown, retryMs: number): void {
    const { metrics, logger } = this.#services
    metrics.appendFailures.inc()
    if (this.writer.failingSince === null) metrics.degraded.inc()
    const unsaved = this.writer.unsaved
    logger.error(
      { room: this.name, error: String(error), unsaved, retryMs },
      'an append failed: it will be tried again',
    )
  }

  /** Keeps the document in memory while something of it is unsaved, as a connection would. */
  #hold(): void {
    if (this.#held) return
    this.#held = true
    this.document.addDirectConnection()
  }

  #settle(): void {
    if (!this.#held || this.unsaved) return
    this.#release()
    for (const resolve of this.#settling.splice(0)) resolve()
    if (this.document.getConnectionsCount() === 0) this.#services.idle(this)
  }

  #release(): void {
    if (!this.#held) return
    this.#held = false
    this.document.removeDirectConnection()
  }
}

const noRoots: ReadonlySet<string> = new Set()

/** An event id is its user's own: nobody is answered with the reply of another. */
function replyKey({ id, actor }: EventRequest): string {
  return `${actor.userId}\n${id}`
}

function failed(code: string, message: string): Outcome {
  return { ok: false, error: { code, message } }
}
