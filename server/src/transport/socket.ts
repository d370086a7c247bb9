import { errorKind, InterplayError } from '@interplay/shared'
import {
  type Frame,
  isRuntimeFrame,
  maxRoomNameBytes,
  type Outcome,
  protocolVersion,
  readFrame,
  writeFrame,
} from '@interplay/shared/protocol'
import type { WebSocket } from 'ws'
import { frameKey, messageType, messageTypes } from '../session/hocuspocus-wire.ts'
import type { Addressee, Line } from '../session/line.ts'
import { Session, type SessionServices } from '../session/session.ts'
import { closeReason } from './close-reason.ts'
import { Inbound } from './inbound.ts'
import type { Outbound } from './outbound.ts'

export interface SocketLimits {
  readonly maxFrameBytes: number
  readonly maxRoomsPerSocket: number
  readonly highWaterBytes: number
  readonly maxLagBytes: number
  /** Time for the first join to succeed, in milliseconds. */
  readonly unauthenticatedMs: number
}

export interface SocketOptions {
  readonly services: SessionServices
  readonly limits: SocketLimits
}

/** One WebSocket: it splits the dialects and hands every frame to the session it belongs to. */
export class Socket implements Line {
  readonly request: Request
  readonly #outbound: Outbound
  readonly #services: SessionServices
  readonly #limits: SocketLimits
  readonly #sessions = new Map<string, Session>()
  #speaksRuntime = false
  #joined = false

  constructor(
    webSocket: WebSocket,
    outbound: Outbound,
    request: Request,
    { services, limits }: SocketOptions,
  ) {
    this.request = request
    this.#outbound = outbound
    this.#services = services
    this.#limits = limits
    const deadline = setTimeout(() => {
      if (!this.#hasJoined()) this.end(new InterplayError('unauthorized', 'No room was joined in time.'))
    }, limits.unauthenticatedMs)
    services.metrics.sockets.inc()
    outbound.onDrained = () => {
      for (const session of this.#sessions.values()) session.caughtUp()
    }
    new Inbound(webSocket, (bytes, isBinary) => this.#receive(bytes, isBinary))
    // A malformed WebSocket frame is an error event here; ws closes the socket itself.
    webSocket.on('error', (error) => services.logger.debug({ error: error.message }, 'a socket failed'))
    webSocket.on('close', () => {
      clearTimeout(deadline)
      services.metrics.sockets.dec()
      for (const session of [...this.#sessions.values()]) session.close()
    })
  }

  get readyState(): number {
    return this.#outbound.readyState
  }

  get isBehind(): boolean {
    return this.#outbound.isBehind
  }

  send(frame: Uint8Array): void {
    this.#outbound.send(frame)
  }

  refused(scope: 'join' | 'write', error: InterplayError, session: Addressee): void {
    this.#sendRuntime({ kind: 'refused', room: session.key, scope, error: error.toJSON() })
  }

  reply(eventId: string, outcome: Outcome, session: Addressee): void {
    this.#sendRuntime({ kind: 'reply', room: session.key, eventId, outcome })
  }

  sendRuntime(frame: Uint8Array): void {
    // Stock clients do not know runtime frames: those go to sockets that said hello.
    if (this.#speaksRuntime) this.send(frame)
  }

  ended(session: Addressee): void {
    if (this.#sessions.get(session.key) === session) this.#sessions.delete(session.key)
  }

  /** Closes the socket with a typed error (RFC 6455 allows a reason of 123 bytes). */
  end(error: InterplayError): void {
    this.#services.metrics.refused.inc({ code: error.code })
    this.#outbound.close(errorKind(error.code).close, closeReason(error))
  }

  #receive(buffer: Buffer, isBinary: boolean): void {
    // A slice of a larger buffer would let a length that lies reach what lies behind it.
    const bytes = new Uint8Array(buffer)
    try {
      if (!isBinary) throw new InterplayError('malformed', 'Frames are binary; this one was text.')
      if (isRuntimeFrame(bytes)) this.#receiveRuntime(readFrame(bytes))
      else this.#sessionOf(bytes)?.receive(bytes)
    } catch (error) {
      if (error instanceof InterplayError) return this.end(error)
      const reason = error instanceof Error ? error.message : String(error)
      this.end(new InterplayError('malformed', `A frame could not be read: ${reason}`))
    }
  }

  #receiveRuntime(frame: Frame): void {
    switch (frame.kind) {
      case 'hello':
        if (frame.version !== protocolVersion) {
          throw new InterplayError(
            'unsupported',
            `Protocol ${frame.version}; this server speaks ${protocolVersion}.`,
          )
        }
        this.#speaksRuntime = true
        return this.#sendRuntime({
          kind: 'welcome',
          version: protocolVersion,
          maxFrameBytes: this.#limits.maxFrameBytes,
        })
      case 'dispatch': {
        const session = this.#sessions.get(frame.room)
        if (session) return session.take(frame)
        const error = { code: 'unauthorized', message: `Join '${frame.room}' before you dispatch to it.` }
        return this.#sendRuntime({
          kind: 'reply',
          room: frame.room,
          eventId: frame.eventId,
          outcome: { ok: false, error },
        })
      }
      case 'subscribe':
        // Without a session there is nothing to watch, and nothing to say: a join subscribes again.
        return this.#sessions.get(frame.room)?.take(frame)
      default:
        throw new InterplayError('malformed', `A client does not send ${frame.kind} frames.`)
    }
  }

  #sendRuntime(frame: Frame): void {
    if (this.#speaksRuntime) this.send(writeFrame(frame))
  }

  /** The session a frame belongs to. A join opens one; other frames of a session that is over are dropped. */
  #sessionOf(frame: Uint8Array): Session | undefined {
    const key = frameKey(frame)
    const known = this.#sessions.get(key)
    if (known) return known
    if (key === '' || Buffer.byteLength(key) > maxRoomNameBytes * 2) {
      throw new InterplayError('malformed', 'A room name is missing or too long.')
    }
    // Stock clients may speak before they authenticate.
    if (this.#speaksRuntime && messageType(frame) !== messageTypes.auth) return undefined
    const session = new Session(key, this, this.#services)
    if (this.#sessions.size >= this.#limits.maxRoomsPerSocket) {
      const limit = this.#limits.maxRoomsPerSocket
      session.end(
        new InterplayError('overloaded', `A socket carries ${limit} rooms at most. Leave one first.`),
      )
      return undefined
    }
    this.#sessions.set(key, session)
    return session
  }

  #hasJoined(): boolean {
    for (const session of this.#sessions.values()) this.#joined ||= session.live
    return this.#joined
  }
}
