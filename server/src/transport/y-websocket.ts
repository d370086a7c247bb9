import { errorKind, InterplayError } from '@interplay/shared'
import * as encoding from 'lib0/encoding'
import type { WebSocket } from 'ws'
import { messageTypes } from '../session/hocuspocus-wire.ts'
import type { Line } from '../session/line.ts'
import { Session } from '../session/session.ts'
import { closeReason } from './close-reason.ts'
import { Inbound } from './inbound.ts'
import type { Outbound } from './outbound.ts'
import type { SocketOptions } from './socket.ts'

/**
 * The y-websocket dialect: one socket is one room, frames carry no name, and the token comes in the query. A frame gains
 * the room's name on its way in and loses it on its way out; everything else is as on the Hocuspocus wire.
 */
export class YWebSocket implements Line {
  readonly request: Request
  readonly #outbound: Outbound
  readonly #session: Session
  readonly #prefix: Uint8Array

  constructor(
    webSocket: WebSocket,
    outbound: Outbound,
    request: Request,
    room: string,
    { services, limits }: SocketOptions,
  ) {
    this.request = request
    this.#outbound = outbound
    const encoder = encoding.createEncoder()
    encoding.writeVarString(encoder, room)
    this.#prefix = encoding.toUint8Array(encoder)
    this.#session = new Session(room, this, services)
    services.metrics.sockets.inc()
    outbound.onDrained = () => this.#session.caughtUp()
    new Inbound(webSocket, (bytes, isBinary) => this.#receive(bytes, isBinary))
    webSocket.on('error', (error) => services.logger.debug({ error: error.message }, 'a socket failed'))
    const deadline = setTimeout(() => {
      if (!this.#session.live)
        this.#end(new InterplayError('unauthorized', 'The room was not joined in time.'))
    }, limits.unauthenticatedMs)
    webSocket.on('close', () => {
      clearTimeout(deadline)
      services.metrics.sockets.dec()
      this.#session.close()
    })
    this.#session.receive(this.#authFrame(new URL(request.url).searchParams.get('token') ?? ''))
  }

  get readyState(): number {
    return this.#outbound.readyState
  }

  get isBehind(): boolean {
    return this.#outbound.isBehind
  }

  send(frame: Uint8Array): void {
    const body = frame.subarray(this.#prefix.length)
    switch (body[0]) {
      case messageTypes.sync:
      case messageTypes.awareness:
        return this.#outbound.send(body)
      case messageTypes.syncReply: {
        const sync = body.slice()
        sync[0] = messageTypes.sync
        return this.#outbound.send(sync)
      }
    }
  }

  /** This dialect has one word for a refused join: the close code. */
  refused(scope: 'join' | 'write', error: InterplayError): void {
    if (scope === 'join') this.#end(error)
  }

  reply(): void {}

  sendRuntime(): void {}

  ended(): void {
    this.#outbound.close()
  }

  #end(error: InterplayError): void {
    this.#outbound.close(errorKind(error.code).close, closeReason(error))
  }

  #receive(bytes: Buffer, isBinary: boolean): void {
    if (!isBinary || bytes.length === 0)
      return this.#end(new InterplayError('malformed', 'Frames are binary.'))
    const type = bytes[0]
    if (type !== messageTypes.sync && type !== messageTypes.awareness && type !== messageTypes.queryAwareness)
      return
    const frame = new Uint8Array(this.#prefix.length + bytes.length)
    frame.set(this.#prefix)
    frame.set(bytes, this.#prefix.length)
    this.#session.receive(frame)
  }

  #authFrame(token: string): Uint8Array {
    const encoder = encoding.createEncoder()
    encoding.writeUint8Array(encoder, this.#prefix)
    encoding.writeVarUint(encoder, messageTypes.auth)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, token)
    return encoding.toUint8Array(encoder)
  }
}
