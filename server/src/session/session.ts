import type { Connection } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import { type Dispatch, newEventId, type Outcome, type Subscribe } from '@interplay/shared/protocol'
import * as decoding from 'lib0/decoding'
import type { Actor } from '../events/context.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Joining } from '../room/hocuspocus.ts'
import type { Member } from '../room/members.ts'
import type { PresenceHolder } from '../room/presence.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { type Authenticate, admit } from './admit.ts'
import { AwarenessFrames } from './awareness-frames.ts'
import { Backlog } from './backlog.ts'
import { EventIntake } from './event-intake.ts'
import { connectHocuspocus, deniedBecause, type HocuspocusClient } from './hocuspocus-client.ts'
import { checkFrame, messageType, messageTypes, OutgoingFrames, readToken } from './hocuspocus-wire.ts'
import type { Line } from './line.ts'
import { SyncFrames } from './sync-frames.ts'

export interface SessionServices {
  readonly registry: Registry
  readonly authenticate: Authenticate
  readonly logger: Logger
  readonly metrics: Metrics
}

/** A session that was admitted: who it is, where, and through which Hocuspocus connection. */
export interface Live {
  readonly at: 'live'
  readonly room: Room
  readonly connection: Connection
  readonly presence: PresenceHolder
  readonly sync: SyncFrames
  readonly awareness: AwarenessFrames
  readonly events: EventIntake
}

type State = { readonly at: 'joining' } | Live | { readonly at: 'gone' }

/**
 * One client in one room. It has a Hocuspocus connection of its own, so that whatever ends it leaves the other rooms of the
 * same socket alone. Hocuspocus authenticates and closes; sync and presence frames are handled here.
 */
export class Session implements Joining, Member {
  /** How the client addresses it: the room's name, or `name\0sessionId`. */
  readonly key: string
  readonly room: string
  /** Of this join: a client that comes back is another session. */
  readonly sessionId = newEventId()
  readonly #line: Line
  readonly #services: SessionServices
  readonly #client: HocuspocusClient
  readonly #frames: OutgoingFrames
  readonly #backlog: Backlog<Uint8Array | Dispatch | Subscribe>
  #state: State = { at: 'joining' }
  #actor: Actor | null = null
  #denial: InterplayError | null = null

  constructor(key: string, line: Line, services: SessionServices) {
    this.key = key
    this.room = key.split('\0', 1)[0]!
    this.#line = line
    this.#services = services
    this.#frames = new OutgoingFrames(key)
    this.#backlog = new Backlog((item) => this.#process(item))
    this.#client = connectHocuspocus(services.registry.hocuspocus, line, this, {
      send: (frame) => this.#sending(frame),
      close: () => this.end(new InterplayError('internal', 'The session was closed by the server.')),
    })
  }

  /** Known once it is live. */
  get actor(): Actor {
    return this.#actor!
  }

  get isBehind(): boolean {
    return this.#line.isBehind
  }

  sendRuntime(frame: Uint8Array): void {
    this.#line.sendRuntime(frame)
  }

  /** The socket has taken everything: what was withheld follows, in one piece. */
  caughtUp(): void {
    if (this.#state.at !== 'live') return
    const { room, sync, awareness } = this.#state
    sync.caughtUp()
    awareness.caughtUp()
    room.live.caughtUp(this)
    for (const job of room.jobs.statuses.current) room.members.jobTo(this, job)
  }

  get live(): boolean {
    return this.#state.at === 'live'
  }

  /** Takes a Hocuspocus frame. Frames are worked through in their order; those before the join ends wait for it. */
  receive(frame: Uint8Array): void {
    if (this.#state.at === 'gone') return
    if (this.#state.at === 'joining' && messageType(frame) === messageTypes.auth) this.#toHocuspocus(frame)
    else this.#enqueue(frame)
  }

  /** Takes an event, or what it watches. It has its turn after the frames that came before it (E5). */
  take(frame: Dispatch | Subscribe): void {
    if (this.#state.at !== 'gone') this.#enqueue(frame)
  }

  async authenticate(token: string): Promise<Actor> {
    const { registry, authenticate, logger } = this.#services
    try {
      const code = registry.codeOf(this.room)
      const actor = await admit(authenticate, token, this.room, code, this.#line.request)
      this.#actor = actor
      return actor
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      if (error.code === 'internal')
        logger.error({ room: this.room, error: String(error.cause) }, "an 'admit' threw")
      this.#denial = error
      throw error
    }
  }

  established(connection: Connection): void {
    const room = this.#services.registry.get(this.room)
    if (this.#state.at === 'gone' || !this.#actor) return connection.close()
    // The room was unloaded between the document's load and this connection.
    if (room?.document !== connection.document)
      return this.end(new InterplayError('unavailable', 'Join again.'))
    const presence: PresenceHolder = { userId: this.#actor.userId, clientIds: new Set() }
    // One set for both: what Hocuspocus removes when the connection closes is what the session owns.
    room.document.connections.set(connection, { clients: presence.clientIds })
    const { hooks } = this.#services.registry
    const frames = this.#frames
    this.#state = {
      at: 'live',
      room,
      connection,
      presence,
      sync: new SyncFrames(
        room,
        connection,
        frames,
        hooks,
        () => this.actor,
        (error) => this.#refuse('write', error),
        (error) => this.#failed(error),
        () => this.#line.isBehind,
      ),
      awareness: new AwarenessFrames(room, connection, presence, frames, hooks),
      events: new EventIntake(room, this.sessionId, (eventId, outcome) => this.#reply(eventId, outcome)),
    }
    // Hocuspocus says goodbye to the client after this: the session ends behind it.
    connection.onClose(() => queueMicrotask(() => this.#gone()))
    this.#services.metrics.sessions.inc()
    room.join(this)
    this.#backlog.open()
  }

  /** Ends the session with a typed error; the client may join again. */
  end(error: InterplayError): void {
    // What came before is taken.
    if (this.#state.at === 'live') this.#state.sync.flush()
    if (this.#state.at === 'gone') return
    this.#refuse('join', error)
    this.#send(this.#frames.close(`${error.code}: ${error.message}`))
    this.#gone()
  }

  /** The socket is gone. */
  close(): void {
    this.#gone()
  }

  #enqueue(item: Uint8Array | Dispatch | Subscribe): void {
    if (!this.#backlog.add(item))
      this.end(new InterplayError('overloaded', 'Too much was sent before the join ended.'))
  }

  /** One frame or event of a live session. A promise means that the next one has to wait. */
  #process(item: Uint8Array | Dispatch | Subscribe): void | Promise<void> {
    const state = this.#state
    if (state.at !== 'live') return
    if (!(item instanceof Uint8Array)) {
      state.sync.flush()
      if (item.kind === 'dispatch') return state.events.take(item, this.actor)
      return state.room.live.subscribe(this, item.name, item.on, item.interest)
    }
    try {
      const handled = this.#handle(state, item)
      return handled instanceof Promise ? handled.catch((error) => this.#failed(error)) : handled
    } catch (error) {
      this.#failed(error)
    }
  }

  #handle(live: Live, frame: Uint8Array): void | Promise<void> {
    const decoder = decoding.createDecoder(frame)
    decoding.readVarUint8Array(decoder)
    switch (decoding.readVarUint(decoder)) {
      case messageTypes.sync:
      case messageTypes.syncReply:
        return live.sync.handle(decoder, frame)
      case messageTypes.awareness:
        return live.awareness.handle(decoder, frame)
      case messageTypes.queryAwareness:
        return live.awareness.sendAll()
      case messageTypes.ping:
        return this.#send(this.#frames.pong())
      case messageTypes.auth:
        live.sync.flush()
        return this.#renew(live, frame)
      case messageTypes.stateless:
      case messageTypes.close:
        live.sync.flush()
        this.#toHocuspocus(frame)
        return live.connection.waitForPendingMessages()
      case messageTypes.broadcastStateless:
        throw new InterplayError(
          'forbidden',
          'BroadcastStateless is for servers. Send Stateless, and let a hook broadcast it.',
        )
      default:
        // A newer client's: there is nothing to answer.
        return
    }
  }

  /** A new token: its rights hold from now on, and one that is refused ends the session. */
  async #renew(live: Live, frame: Uint8Array): Promise<void> {
    checkFrame(frame)
    const actor = await this.authenticate(readToken(frame))
    live.connection.readOnly = actor.canEdit === false
    if (!this.#services.registry.hooks.token) return
    this.#client.handleMessage(frame)
    await live.connection.waitForPendingMessages()
  }

  /** Hocuspocus prints what it cannot read: it gets well-formed frames only. */
  #toHocuspocus(frame: Uint8Array): void {
    checkFrame(frame)
    this.#client.handleMessage(frame)
  }

  #reply(eventId: string, outcome: Outcome): void {
    if (this.#state.at !== 'gone') this.#line.reply(eventId, outcome, this)
  }

  #failed(error: unknown): void {
    if (error instanceof InterplayError) return this.end(error)
    this.end(
      new InterplayError(
        'malformed',
        `A frame could not be read: ${error instanceof Error ? error.message : error}`,
      ),
    )
  }

  /** What Hocuspocus sends to this client. A denied join gets its typed reason first. */
  #sending(bytes: Uint8Array): void {
    if (this.#state.at === 'joining' && this.#frames.isPermissionDenied(bytes)) {
      this.#refuse('join', this.#denial ?? deniedBecause(this.#frames.denialReason(bytes)))
      this.#denial = null
      this.#actor = null
      this.#backlog.clear()
    }
    if (this.#state.at === 'live' && this.#line.isBehind && this.#withhold(this.#state, bytes)) return
    this.#send(bytes)
  }

  /** Notes a frame of which the latest will do, later. Says whether it is of that kind. */
  #withhold({ sync, awareness }: Live, frame: Uint8Array): boolean {
    const update = this.#frames.updateIn(frame)
    if (update) {
      sync.withhold(update)
      return true
    }
    const presence = this.#frames.presenceIn(frame)
    if (presence) awareness.withhold(presence)
    return presence !== null
  }

  #refuse(scope: 'join' | 'write', error: InterplayError): void {
    this.#services.metrics.refused.inc({ code: error.code })
    this.#line.refused(scope, error, this)
  }

  #send(bytes: Uint8Array): void {
    if (this.#state.at !== 'gone') this.#line.send(bytes)
  }

  #gone(): void {
    const state = this.#state
    if (state.at === 'gone') return
    this.#state = { at: 'gone' }
    this.#backlog.clear()
    if (state.at === 'live') {
      this.#services.metrics.sessions.dec()
      state.room.presence.release(state.presence)
      state.room.leave(this)
    }
    this.#client.handleClose()
    this.#line.ended(this)
  }
}
