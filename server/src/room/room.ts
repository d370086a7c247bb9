import type { Document } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import * as Y from 'yjs'
import type { Actor } from '../events/context.ts'
import type { EventRequest } from '../events/dispatch.ts'
import type { AnyImplementation } from '../events/implement.ts'
import { Context, type RunPlace, runOnDraft } from '../events/run.ts'
import { LiveValues } from '../live/live-values.ts'
import type { DueTask, StoredRoom, TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import { Broadcast } from './broadcast.ts'
import { Compactor } from './compactor.ts'
import { type Caller, Dispatcher } from './dispatcher.ts'
import { fill } from './fill.ts'
import { Forks, handlerOrigin } from './forks.ts'
import { Inbox } from './inbox.ts'
import { jobLive } from './job-live.ts'
import { jobRecord } from './journal.ts'
import { liveClock } from './live-clock.ts'
import { liveMeter } from './live-meter.ts'
import type { LiveSnapshot } from './live-snapshot.ts'
import { type Member, Members } from './members.ts'
import { PresenceOwners } from './presence.ts'
import { byUser, Reactions } from './reactions.ts'
import { Reactor } from './reactor.ts'
import { type EntryParts, Recorder } from './recorder.ts'
import { RoomJobs } from './room-jobs.ts'
import { sendEvent } from './send-event.ts'
import { sendWebhook } from './send-webhook.ts'
import { StoredReplies } from './stored-replies.ts'
import { Ticks } from './ticks.ts'
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
  readonly keepsJournal: boolean
  /** Dispatches an event to any room. */
  readonly dispatch: (
    room: string,
    id: string,
    event: string,
    input: unknown,
    actor: Actor,
  ) => Promise<Outcome>
  /** These changes of a room's tasks have become durable. */
  readonly tasksChanged: (room: string, changes: readonly TaskChange[]) => void
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

/**
 * One room: its document, the writer that makes changes durable, and the inbox that runs its code one piece at a time.
 *
 *     edits:   session → document → writer → log → ack
 *     events:  session → inbox → handler on a fork → writer → log → document, signals, tasks → reply
 */
export class Room {
  readonly name: string
  readonly document: Document
  readonly presence: PresenceOwners
  readonly members = new Members()
  readonly writer: Writer
  readonly compactor: Compactor
  readonly jobs: RoomJobs
  readonly live: LiveValues
  readonly ticks: Ticks
  readonly #services: RoomServices
  readonly #inbox: Inbox
  readonly #stored: StoredReplies
  readonly #forks: Forks
  readonly #broadcast: Broadcast
  readonly #reactions: Reactions
  readonly #reactor: Reactor
  readonly #recorder: Recorder
  readonly #dispatcher: Dispatcher
  readonly #settling: (() => void)[] = []
  /** Whoever waits for what a room that closes does not do any more. */
  readonly #waiting = new Set<(error: InterplayError) => void>()
  #code: RoomCode | null
  #writing: string | null = null
  #held = false
  #closed = false
  /** Somebody was in the room since `idle` ran last. */
  #used = true

  constructor(
    name: string,
    document: Document,
    stored: StoredRoom,
    code: RoomCode | null,
    services: RoomServices,
    snapshot: LiveSnapshot | null = null,
  ) {
    const { log, logger, metrics, clock, keepsJournal } = services
    this.name = name
    this.document = document
    this.#code = code
    this.#services = services
    const reactions = new Reactions(document, stored)
    this.#reactions = reactions
    reactions.follow(code?.implementation ?? null, stored.position)
    if (reactions.hasLostNote)
      logger.error({ room: name }, 'what reactions had yet to see when a snapshot was taken cannot be read')
    const whole = fill(document, stored, name, services, reactions)
    this.presence = new PresenceOwners(document.awareness)
    this.#stored = new StoredReplies(name, log)
    this.#forks = new Forks(document, reactions)
    this.#inbox = new Inbox(services.maxInboxEvents, () => this.#settle())
    this.compactor = new Compactor(name, document, stored, log, whole, {
      note: () => reactions.note(this.writer.position),
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
    const broadcast = new Broadcast(document, () => this.members.size)
    this.#broadcast = broadcast
    document.awareness.on('update', () => broadcast.changed())
    document.on('update', (update: Uint8Array, origin: unknown) => {
      broadcast.changed()
      if (origin === handlerOrigin) return
      this.writer.push({ update, ...this.#parts(this.#writing !== null ? { by: this.#writing } : {}) })
      this.#hold()
      this.#forks.follow(update)
    })
    this.live = new LiveValues({
      room: name,
      logger,
      clock: liveClock,
      meter: liveMeter(metrics),
      watched: () => this.ticks.look(),
    })
    this.jobs = this.#createJobs()
    const { writer, members, jobs, live } = this
    this.#recorder = new Recorder({
      broadcast,
      writer,
      members,
      jobs,
      live,
      forks: this.#forks,
      tasksChanged: (changes) => services.tasksChanged(name, changes),
    })
    const shared = {
      name,
      inbox: this.#inbox,
      logger,
      metrics,
      clock,
      keepsJournal,
      implementation: () => this.code?.implementation ?? null,
      place: () => this.#runPlace(),
    }
    this.#dispatcher = new Dispatcher({
      ...shared,
      stored: this.#stored,
      record: (ran, parts, userId, settled) => this.#record(ran, parts, userId, settled),
      recordLater: (ran, parts, userId) => {
        if (this.#recorder.isAhead) return false
        this.#hold()
        this.#recorder.recordLater(ran, this.#parts(parts), userId)
        return true
      },
      note: (parts) => {
        this.#hold()
        writer.push(parts)
      },
    })
    this.#reactor = new Reactor({
      ...shared,
      writer,
      reactions,
      hold: () => this.#hold(),
      record: (ran, parts, userId, settled) => this.#record(ran, parts, userId, settled),
    })
    this.ticks = new Ticks({
      ...shared,
      members,
      live,
      document,
      record: (ran) => this.#record(ran, {}, 'tick', () => {}),
      isAhead: () => this.#recorder.isAhead,
      store: (tasks) => this.record(tasks),
    })
    live.define(code?.implementation.definition ?? null)
    if (snapshot) this.ticks.restore(snapshot)
  }

  /** `null` for an open room, which has no definition. */
  get code(): RoomCode | null {
    return this.#code
  }

  /** Code that runs now finishes as the old; reactions that are new begin here. */
  set code(code: RoomCode | null) {
    this.#code = code
    this.#reactions.follow(code?.implementation ?? null, this.writer.position)
    this.live.define(code?.implementation.definition ?? null)
    this.ticks.look()
  }

  /** The document is loaded: what is left to react to is, and that it came into memory. */
  opened(): void {
    this.#reactor.lifecycle('opened')
    this.#reactions.whenDue(() => this.#reactor.due())
    this.ticks.look()
  }

  /**
   * Takes an update from outside: applied and on its way into the log, or `waiting` for what the room does not have.
   * Throws a typed error if it may not be written, and changes nothing then.
   */
  write(update: Uint8Array, actor: Actor | null, canEdit: boolean, origin: unknown): 'taken' | 'waiting' {
    const restricted = this.code?.restricted ?? noRoots
    const judged = judgeUpdate(update, this.document, { canEdit, restricted })
    if (judged === 'waiting') return 'waiting'
    if (judged === 'known') return 'taken'
    const { store } = this.document
    const waiting = store.pendingStructs
    try {
      this.#as(actor, () => Y.applyUpdate(this.document, update, origin))
    } catch (cause) {
      throw new InterplayError('malformed', `The update does not decode: ${cause}`, { cause })
    }
    if (waiting !== null || store.pendingStructs === null) return 'taken'
    // Structs that wait for each other pass every check but integration; nothing may begin to wait here.
    store.pendingStructs = null
    throw new InterplayError('malformed', 'The update refers to itself.')
  }

  /** Runs several writes of one actor as one transaction: one entry of the log, one frame for the others. */
  together(actor: Actor, origin: unknown, writes: () => void): void {
    this.#as(actor, () => this.document.transact(writes, origin))
  }

  /** Whether something of this room is not durable yet. */
  get unsaved(): boolean {
    return !this.#closed && (this.writer.unsaved > 0 || this.#inbox.length > 0 || this.#reactor.isDue)
  }

  /** Answers an event once: the caller is told when its effect is durable and in the document. */
  dispatch(request: EventRequest, caller: Caller): void {
    if (this.#closed) return caller.lost(this.#unavailable())
    this.#hold()
    this.#dispatcher.dispatch(request, caller)
    this.#settle()
  }

  /** Runs a step in the inbox. Resolves to what it returned once its effect is durable and in the document. */
  change(step: (context: never) => unknown, userId = 'job'): Promise<unknown> {
    return this.#whileOpen((resolve, reject) => {
      const { code } = this
      if (!code) return reject(new InterplayError('unknown-room', `'${this.name}' has no definition.`))
      this.#hold()
      this.#inbox.push(() => {
        const place = this.#runPlace()
        const ran = runOnDraft(
          'The step',
          place,
          (draft, deadline) => new Context(code.implementation, place, draft, deadline),
          (context) => step(context as never),
        )
        const record = (done: Awaited<typeof ran>) => {
          const { outcome } = done
          if (!outcome.ok) return reject(InterplayError.from(outcome.error))
          this.#record(done, {}, userId, () => resolve(outcome.output))
        }
        return ran instanceof Promise ? ran.then(record) : record(ran)
      })
    })
  }

  /** Does a task that is due. */
  run(task: DueTask): Promise<void> {
    if (this.#closed) return Promise.reject(this.#unavailable())
    return this.jobs.run(task)
  }

  /** Hands changes of tasks to the log. Resolves once they are durable. */
  record(tasks: readonly TaskChange[], parts: object = {}): Promise<void> {
    return this.#whileOpen((resolve) => this.#record(nothing, { ...parts, tasks }, '', () => resolve()))
  }

  join(member: Member): void {
    this.#used = true
    this.members.add(member)
    for (const job of this.jobs.statuses.current) this.members.jobTo(member, job)
    this.#reactor.lifecycle('joined', member)
    this.ticks.look()
  }

  leave(member: Member): void {
    this.live.leave(member)
    if (!this.members.remove(member) || this.#closed) return
    this.#reactor.lifecycle('left', member)
    this.ticks.look()
  }

  /** Nobody is here any more: runs the reaction to it, once. Resolves when it has taken effect. */
  becomeIdle(): Promise<void> {
    if (!this.#used || this.#closed) return Promise.resolve()
    this.#used = false
    this.ticks.snapshot()
    return new Promise((resolve) => this.#reactor.lifecycle('idle', null, resolve))
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
    this.ticks.close()
    this.live.close()
    this.writer.stop()
    this.#stored.stop()
    this.#forks.drop()
    const error = this.#unavailable()
    this.jobs.close(error)
    this.#broadcast.stop()
    this.#release()
    this.#dispatcher.close(error)
    for (const reject of this.#waiting) reject(error)
  }

  /** Begins something. Rejects if the room is closed, or closes before it is done. */
  #whileOpen<T = void>(
    begin: (resolve: (result: T) => void, reject: (error: InterplayError) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#unavailable())
      const settle =
        <V>(done: (value: V) => void) =>
        (value: V) => {
          this.#waiting.delete(reject)
          done(value)
        }
      this.#waiting.add(reject)
      begin(settle(resolve), settle(reject))
    })
  }

  #createJobs(): RoomJobs {
    const { log, logger, metrics, clock, dispatch, keepsJournal } = this.#services
    const implementation = () => this.code?.implementation ?? null
    return new RoomJobs({
      name: this.name,
      log,
      logger,
      metrics,
      clock,
      implementation,
      params: () => this.code?.params,
      live: (change) => jobLive(this.live, change),
      change: (step) => this.change(step),
      record: (tasks, job) =>
        this.record(tasks, job && keepsJournal ? { journal: jobRecord(job, clock()) } : {}),
      send: (task) =>
        task.kind === 'event'
          ? sendEvent(task, { clock, dispatch })
          : sendWebhook(task, implementation(), clock),
      tell: (job) => this.members.job(job),
    })
  }

  #record(...[ran, parts, userId, settled]: Parameters<Recorder['record']>): void {
    this.#hold()
    this.#recorder.record(ran, this.#parts(parts), userId, settled)
  }

  /** Who made an entry is kept for reactions; where there are none, nobody asks. */
  #parts({ by, ...rest }: EntryParts): EntryParts {
    const places = this.#reactions.places()
    return {
      ...rest,
      ...(by !== undefined && this.#reactions.size > 0 && { by }),
      ...(places && { reacted: { ...rest.reacted, ...places } }),
    }
  }

  #runPlace(): RunPlace {
    const { clock, logger, handlerDeadlineMs } = this.#services
    return {
      room: this.name,
      params: this.code?.params,
      deadlineMs: handlerDeadlineMs,
      now: clock(),
      logger,
      begin: () => this.#forks.begin(),
      live: (isOpen) => this.live.begin(isOpen),
      discard: () => this.#forks.drop(),
    }
  }

  #as(actor: Actor | null, write: () => void): void {
    if (this.#reactions.size === 0 || !actor) return write()
    const before = this.#writing
    this.#writing = byUser(actor.userId)
    try {
      this.#reactions.during(this.#writing, write)
    } finally {
      this.#writing = before
    }
  }

  #unavailable(): InterplayError {
    return new InterplayError(
      'unavailable',
      `'${this.name}' closed. Dispatch the event again, with the same id.`,
    )
  }

  #appended(position: number, bytes: number, entries: number): void {
    this.#recorder.appended()
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
const nothing = {
  outcome: { ok: true, output: undefined },
  change: null,
  signals: [],
  tasks: [],
} as const
