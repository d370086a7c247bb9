import { type AnyRoom, InterplayError, type ParamsOf, type PresenceInput, roomName } from '@interplay/shared'
import { isRuntimeFrame, maxRoomNameBytes, readFrame } from '@interplay/shared/protocol'
import { type Clock, systemClock } from './clock.ts'
import { Connection } from './connection.ts'
import { readRoomFrame } from './hocuspocus-frame.ts'
import { JoinedRoom, type RoomLink } from './joined-room.ts'
import { watchPage } from './page.ts'
import type { PresenceState } from './presence.ts'
import type { JoinOptions, OpenRoom, Room } from './room.ts'
import { type Token, TokenSource } from './token-source.ts'
import type { WebSocketConstructor } from './web-socket.ts'

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
  /** The server: `wss://example.org`, `https://example.org`, or in a browser `/`. */
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

/** Connects at the first join. Throws a `TypeError` on a URL that is none. */
export function createClient(options: ClientOptions, clock: Clock = systemClock): Client {
  const url = new URL(options.url, globalThis.location?.href)
  url.protocol = url.protocol.replace('http', 'ws')
  const { token, WebSocket = globalThis.WebSocket as WebSocketConstructor | undefined } = options
  return new RoomClient(url.href, token, WebSocket, clock)
}

/** A socket that no room needs stays this long: the next room may come at once. */
const idleSocketMs = 1_000
/** How long the server may take to confirm that a session left before the room is joined anew. */
const leavingMs = 2_000

/** Rooms by name, and the frames between them and the one connection. */
class RoomClient implements Client {
  readonly #rooms = new Map<string, JoinedRoom>()
  /** Rooms whose session the server has not confirmed to be gone, with the stop of their timer. */
  readonly #leaving = new Map<string, () => void>()
  readonly #tokens: TokenSource
  readonly #clock: Clock
  readonly #connection: Connection
  readonly #link: RoomLink
  readonly #stopPage: () => void
  #maxFrameBytes = Number.POSITIVE_INFINITY
  #stopIdle = () => {}

  constructor(
    url: string,
    token: Token | undefined,
    WebSocket: WebSocketConstructor | undefined,
    clock: Clock,
  ) {
    this.#tokens = new TokenSource(token)
    this.#clock = clock
    this.#connection = new Connection(url, WebSocket, clock, {
      up: () => this.#up(),
      down: () => this.#down(),
      receive: (bytes) => this.#receive(bytes),
      changed: () => this.#changed(),
    })
    this.#link = {
      clock,
      tokens: this.#tokens,
      maxFrameBytes: () => this.#maxFrameBytes,
      send: (frame) => this.#connection.send(frame),
      leaving: (room) => this.#waitForLeave(room),
      connection: () => this.#connection.state,
      over: (room) => this.#forget(room),
    }
    this.#stopPage = watchPage({
      awake: () => this.#connection.signal({ on: 'awake' }),
      asleep: () => this.#connection.signal({ on: 'asleep' }),
      hide: () => this.#each((room) => room.session.presence.hide()),
      show: () => this.#each((room) => room.session.presence.show()),
    })
  }

  join<R extends AnyRoom>(
    definition: R,
    params: ParamsOf<R>,
    options: JoinOptions<PresenceInput<R>> = {},
  ): Room<R> {
    // JoinedRoom is one class for all definitions: what it does at run time is what `Room<R>` says for R.
    return this.#enter(
      roomName(definition, params),
      definition,
      params,
      options.presence,
    ) as unknown as Room<R>
  }

  openRoom<P = PresenceState>(name: string, options: JoinOptions<P> = {}): OpenRoom<P> {
    checkName(name)
    return this.#enter(name, null, {}, options.presence) as unknown as OpenRoom<P>
  }

  close(): void {
    this.#stopPage()
    this.#each((room) => room.close())
    this.#connection.signal({ on: 'closed' })
    this.#stopIdle()
  }

  #enter(name: string, definition: AnyRoom | null, params: object, presence: unknown): JoinedRoom {
    const { state } = this.#connection
    if (state.at === 'stopped' && !state.error) throw new InterplayError('cancelled', 'The client was closed')
    const known = this.#rooms.get(name)
    const room = known ?? new JoinedRoom(name, this.#link)
    try {
      room.enter(definition, params, presence)
    } catch (error) {
      if (!known) room.close() // a presence that does not fit
      throw error
    }
    this.#rooms.set(name, room)
    if (state.at === 'stopped' && state.error) room.session.signal({ on: 'refuse', error: state.error })
    this.#connection.signal({ on: 'needed' })
    this.#open(room)
    return room
  }

  #open(room: JoinedRoom): void {
    if (this.#connection.isUp && !this.#leaving.has(room.name)) room.session.signal({ on: 'up' })
  }

  #up(): void {
    this.#each((room) => this.#open(room))
  }

  #down(): void {
    this.#tokens.forget()
    for (const stop of this.#leaving.values()) stop()
    this.#leaving.clear()
    this.#each((room) => room.session.signal({ on: 'down' }))
  }

  #changed(): void {
    const { state } = this.#connection
    // Asked for while the socket opens. Who joins takes the answer, a failure as well.
    if (state.at === 'connecting') this.#tokens.get().catch(() => {})
    const error = state.at === 'stopped' ? state.error : null
    if (error) this.#each((room) => room.session.signal({ on: 'refuse', error }))
    this.#each((room) => room.changed())
  }

  #receive(bytes: Uint8Array): void {
    if (isRuntimeFrame(bytes)) {
      this.#receiveRuntime(bytes)
      return
    }
    const { room, message } = readRoomFrame(bytes)
    if (!this.#leaving.has(room)) this.#rooms.get(room)?.session.receive(message)
    else if (message.is === 'closed') this.#left(room)
  }

  #receiveRuntime(bytes: Uint8Array): void {
    const frame = readFrame(bytes)
    switch (frame.kind) {
      case 'welcome':
        this.#maxFrameBytes = frame.maxFrameBytes
        this.#connection.signal({ on: 'welcome', version: frame.version })
        break
      case 'reply':
        this.#rooms.get(frame.room)?.session.reply(frame)
        break
      case 'signal':
      case 'job':
      case 'live':
        this.#rooms.get(frame.room)?.session.broadcast(frame)
        break
      case 'refused':
        // Without a room it is the socket that is refused: no other attempt can help an outdated client.
        if (frame.room === '' && frame.error.code === 'unsupported') {
          this.#connection.signal({ on: 'refused', error: InterplayError.from(frame.error) })
        }
        this.#rooms.get(frame.room)?.session.refused(frame)
        break
      default:
        throw new InterplayError('malformed', `A ${frame.kind} frame from a server`)
    }
  }

  #waitForLeave(name: string): void {
    this.#leaving.set(
      name,
      this.#clock.after(leavingMs, () => this.#left(name)),
    )
  }

  #left(name: string): void {
    this.#leaving.get(name)?.()
    this.#leaving.delete(name)
    const room = this.#rooms.get(name)
    if (room) this.#open(room)
  }

  #forget(room: JoinedRoom): void {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name)
    this.#stopIdle()
    this.#stopIdle = this.#clock.after(idleSocketMs, () => {
      if (this.#rooms.size === 0) this.#connection.signal({ on: 'unneeded' })
    })
  }

  #each(visit: (room: JoinedRoom) => void): void {
    for (const room of [...this.#rooms.values()]) visit(room)
  }
}

/** A name with a null character is a Hocuspocus session of another name. */
function checkName(name: string): void {
  const bytes = new TextEncoder().encode(name).length
  if (bytes > 0 && bytes <= maxRoomNameBytes && !name.includes('\0')) return
  throw new InterplayError(
    'invalid-input',
    `A room name has 1 to ${maxRoomNameBytes} bytes and no null character`,
  )
}
