import type { AnyRoom, ParamsOf, PresenceInput } from '@interplay/shared'
import type { PresenceState } from './presence.ts'
import type { JoinOptions, OpenRoom, Room } from './room.ts'

/** One connection to a server, shared by all rooms that are joined through it. */
export interface Client {
  /**
   * Joins a room and returns it at once; `room.ready` resolves when the server's state is here. Joining a room again
   * gives the same `Room`; it is left when every join was followed by a `leave()`.
   */
  join<R extends AnyRoom>(
    definition: R,
    params: ParamsOf<R>,
    options?: JoinOptions<PresenceInput<R>>,
  ): Room<R>

  /** Joins a room that has no definition: a document and an awareness, no events. */
  openRoom<P = PresenceState>(name: string, options?: JoinOptions<P>): OpenRoom<P>

  /** Leaves all rooms and closes the connection. Unanswered events reject with `cancelled`. */
  close(): void
}

export interface ClientOptions {
  /** The server: `wss://example.org` (`https:` works as well). */
  url: string
  /**
   * Who this client is. A function is called for every connection, and once more when the server says `unauthorized`;
   * when it throws, the client stays offline and tries again later. Throw an `InterplayError('unauthorized', …)` to
   * give up instead.
   */
  token?: string | (() => string | Promise<string>)
  /** @default globalThis.WebSocket */
  WebSocket?: WebSocketConstructor
}

/** The part of the standard `WebSocket` that the client uses. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(bytes: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

export type WebSocketConstructor = new (url: string) => WebSocketLike

/** Connects at the first join. */
export function createClient(_options: ClientOptions): Client {
  throw new Error('Not built yet')
}
