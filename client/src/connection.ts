import { errorKind, InterplayError } from '@interplay/shared'
import { protocolVersion, writeFrame } from '@interplay/shared/protocol'
import type { Clock } from './clock.ts'
import {
  type ConnectionEffect,
  type ConnectionSignal,
  type ConnectionState,
  step,
} from './connection-state.ts'
import { guarded } from './listeners.ts'
import type { WebSocketConstructor, WebSocketLike } from './web-socket.ts'

export const clientName = 'interplay-client/0.1.0'

export interface ConnectionHost {
  /** Frames may be sent from now on. */
  up(): void
  down(): void
  /** Throws when the bytes do not decode: the socket is dropped then. */
  receive(bytes: Uint8Array): void
  /** {@link Connection.state} is another one. */
  changed(): void
}

/** Carries out what `connection-state.ts` decides: the socket and its timer. */
export class Connection {
  state: ConnectionState = { at: 'idle' }

  readonly #url: string
  readonly #WebSocket: WebSocketConstructor | undefined
  readonly #clock: Clock
  readonly #host: ConnectionHost
  readonly #signals: ConnectionSignal[] = []
  #acting = false
  #socket: WebSocketLike | null = null
  #heardAt = 0
  #stopTimer = () => {}

  constructor(url: string, WebSocket: WebSocketConstructor | undefined, clock: Clock, host: ConnectionHost) {
    this.#url = url
    this.#WebSocket = WebSocket
    this.#clock = clock
    this.#host = host
  }

  /** Frames go out only while a socket is open; whoever sends without one keeps what matters. */
  get isUp(): boolean {
    return this.state.at === 'greeting' || this.state.at === 'open'
  }

  send(bytes: Uint8Array): void {
    if (!this.isUp || !this.#socket) return
    try {
      this.#socket.send(bytes as Uint8Array<ArrayBuffer>)
    } catch {
      // Only a socket that is not open throws: its close event follows.
    }
  }

  /** One at a time: a signal that an effect causes is taken after that step is done. */
  signal(signal: ConnectionSignal): void {
    this.#signals.push(signal)
    if (this.#acting) return
    this.#acting = true
    for (let next = this.#signals.shift(); next; next = this.#signals.shift()) this.#take(next)
    this.#acting = false
  }

  #take(signal: ConnectionSignal): void {
    const before = this.state
    const moment = { now: this.#clock.now(), random: this.#clock.random() }
    const [state, effects] = step(before, signal, moment)
    if (state === before) return
    this.#stopTimer()
    this.#stopTimer = () => {}
    this.state = state
    for (const effect of effects) guarded(() => this.#act(effect))
    if (state.at !== before.at) guarded(() => this.#host.changed())
  }

  #act(effect: ConnectionEffect): void {
    switch (effect.do) {
      case 'connect':
        this.#connect()
        break
      case 'disconnect':
        this.#disconnect()
        break
      case 'hello':
        this.send(writeFrame({ kind: 'hello', version: protocolVersion, client: clientName }))
        break
      case 'wait':
        this.#stopTimer = this.#clock.after(effect.ms, () =>
          this.signal({ on: 'timer', heardAt: this.#heardAt }),
        )
        break
      case 'up':
        this.#host.up()
        break
      case 'down':
        this.#host.down()
        break
    }
  }

  #connect(): void {
    try {
      if (!this.#WebSocket) throw new TypeError('Interplay: no WebSocket here, pass one to createClient')
      const socket = new this.#WebSocket(this.#url)
      this.#socket = socket
      socket.binaryType = 'arraybuffer'
      socket.onopen = () => this.signal({ on: 'opened' })
      socket.onclose = (event: { code: number; reason: string }) => this.#closed(event)
      socket.onerror = () => {} // a close event follows
      socket.onmessage = (event: { data: unknown }) => this.#hear(event.data)
    } catch (error) {
      console.warn(error)
      this.signal({ on: 'lost' })
    }
  }

  #hear(data: unknown): void {
    this.#heardAt = this.#clock.now()
    try {
      if (!(data instanceof ArrayBuffer)) throw new InterplayError('malformed', 'A text frame')
      this.#host.receive(new Uint8Array(data))
    } catch (error) {
      console.warn('Interplay: dropped the connection after a frame that does not decode.', error)
      this.signal({ on: 'lost' })
    }
  }

  #closed({ code, reason }: { code: number; reason: string }): void {
    if (code === errorKind('unsupported').close) {
      this.signal({ on: 'refused', error: new InterplayError('unsupported', reason) })
    } else this.signal({ on: 'lost' })
  }

  #disconnect(): void {
    const socket = this.#socket
    this.#socket = null
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
  }
}
