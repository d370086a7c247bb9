import { InterplayError } from '@interplay/shared'
import type { Job, Live, Refused, Reply, Signal } from '@interplay/shared/protocol'
import { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { Clock } from './clock.ts'
import { type RoomMessage, writeAwareness, writeClose, writeToken } from './hocuspocus-frame.ts'
import { JobList } from './job-list.ts'
import { LiveValues } from './live-values.ts'
import { Outbox } from './outbox.ts'
import { PresenceChannel, type PresenceHost } from './presence-channel.ts'
import {
  isIn,
  reasonError,
  type SessionEffect,
  type SessionSignal,
  type SessionState,
  step,
} from './session-state.ts'
import { SignalListeners } from './signal-listeners.ts'
import { StateSync } from './state-sync.ts'
import type { TokenSource } from './token-source.ts'

/** What a session needs of its client. */
export interface SessionLink {
  readonly clock: Clock
  readonly tokens: TokenSource
  maxFrameBytes(): number
  /** Sends a frame, or drops it while there is no socket. */
  send(frame: Uint8Array): void
  /** The session told the server that it leaves: it answers with a close frame. */
  leaving(room: string): void
}

export interface SessionHost {
  readonly presence: Pick<PresenceHost, 'parse' | 'check'>
  /** State, unsaved edits or unanswered events are others. */
  changed(): void
  /** The document was replaced, and the awareness with it. */
  replaced(before: Y.Doc, error: InterplayError): void
}

/** This client in one room: carries out what `session-state.ts` decides, and takes the room's frames. */
export class Session {
  readonly room: string
  state: SessionState = { at: 'down', failures: 0 }
  readonly sync: StateSync
  readonly presence: PresenceChannel
  readonly outbox: Outbox
  readonly signals = new SignalListeners()
  readonly jobs = new JobList()
  readonly live: LiveValues

  readonly #link: SessionLink
  readonly #host: SessionHost
  #stopTimer = () => {}
  #token: string | null = null
  /** What a `Refused` frame said; the Hocuspocus frame that carries it out follows. */
  #refusal: InterplayError | null = null
  /** The server's state is here, and it has ours. */
  #has = { state: false, answered: false }

  constructor(room: string, link: SessionLink, host: SessionHost) {
    this.room = room
    this.#link = link
    this.#host = host
    const { clock } = link
    const send = (frame: Uint8Array) => link.send(frame)
    const maxFrameBytes = () => link.maxFrameBytes()
    const changed = () => host.changed()
    this.live = new LiveValues(room, clock, send)
    this.outbox = new Outbox({ room, clock, maxFrameBytes, send, changed })
    this.sync = new StateSync({
      room,
      clock,
      maxFrameBytes,
      send,
      changed,
      refuse: (error) => this.signal({ on: 'refuse', error }),
      replaced: (before, error) => {
        this.presence.move(new Awareness(this.sync.doc))
        host.replaced(before, error)
      },
    })
    this.presence = new PresenceChannel(new Awareness(this.sync.doc), {
      ...host.presence,
      clock,
      send: (update) => send(writeAwareness(room, update)),
    })
  }

  signal(signal: SessionSignal): void {
    const { clock, tokens } = this.#link
    const moment = { now: clock.now(), random: clock.random(), canRenew: tokens.canRenew }
    const [state, effects] = step(this.state, signal, moment)
    if (state === this.state) return
    this.#stopTimer()
    this.#stopTimer = () => {}
    this.state = state
    for (const effect of effects) this.#act(effect)
    this.#host.changed()
  }

  /** A Hocuspocus frame. Throws on garbage. */
  receive(message: RoomMessage): void {
    if (!isIn(this.state)) return
    switch (message.is) {
      case 'authenticated':
        this.sync.readOnly = message.readOnly
        this.#host.changed()
        break
      case 'token-request':
        this.#sendToken()
        break
      case 'step1':
        this.sync.answer(message.vector)
        this.#synced({ answered: true })
        break
      case 'step2':
        this.sync.apply(message.update, true)
        this.#synced({ state: true })
        break
      case 'update':
        this.sync.apply(message.update, false)
        break
      case 'sync-status':
        if (message.saved) this.sync.saved()
        else this.sync.refused(this.#takeRefusal('forbidden', 'The server refused an edit'))
        break
      case 'awareness':
        this.presence.receive(message.update)
        break
      case 'query-awareness':
        this.presence.announce()
        break
      case 'denied':
        this.signal({ on: 'denied', error: this.#takeRefusal('forbidden', message.reason) })
        break
      case 'closed':
        this.signal({ on: 'ended', error: this.#takeRefusal('unavailable', message.reason) })
        break
      case 'other':
        break
    }
  }

  refused({ error }: Refused): void {
    this.#refusal = InterplayError.from(error)
  }

  /** One of a session that has ended is dropped: the event is dispatched again, and has the same reply. */
  reply({ eventId, outcome }: Reply): void {
    if (this.state.at === 'live') this.outbox.answer(eventId, outcome)
  }

  /** What the room broadcasts: while the server lets the session in, it tells of the jobs already. */
  broadcast(frame: Signal | Job | Live): void {
    if (!isIn(this.state)) return
    if (frame.kind === 'live') this.live.receive(frame.name, frame.message)
    else if (frame.kind === 'job') this.jobs.receive(frame.job)
    else this.signals.receive(frame.name, frame.payload)
  }

  #act(effect: SessionEffect): void {
    switch (effect.do) {
      case 'ask':
        this.#askToken(effect.fresh)
        break
      case 'join':
        this.#join(effect.token)
        break
      case 'wait':
        this.#stopTimer = this.#link.clock.after(effect.ms, () => this.signal({ on: 'timer' }))
        break
      case 'resume':
        this.jobs.settle()
        this.outbox.resume()
        break
      case 'suspend':
        this.sync.suspend()
        this.outbox.suspend()
        this.presence.suspend()
        break
      case 'leave':
        this.#leave()
        break
    }
  }

  #askToken(fresh: boolean): void {
    const { tokens } = this.#link
    const asking = this.state
    const answer = (signal: SessionSignal) => {
      if (this.state === asking) this.signal(signal)
    }
    const asked = fresh ? tokens.renew(this.#token) : tokens.get()
    asked.then(
      (token) => answer({ on: 'token', token }),
      (error) => answer({ on: 'no-token', error }),
    )
  }

  #join(token: string): void {
    this.#token = token
    this.#refusal = null
    this.#has = { state: false, answered: false }
    this.jobs.begin()
    this.#link.send(writeToken(this.room, token))
    this.sync.ask()
    this.presence.announce()
    this.live.announce()
  }

  #synced(news: { state: true } | { answered: true }): void {
    Object.assign(this.#has, news)
    if (this.#has.state && this.#has.answered) this.signal({ on: 'synced' })
  }

  /** The last edits and the end of the presence, then the end of the session. */
  #leave(): void {
    this.sync.flush()
    this.presence.set(null)
    this.#link.send(writeClose(this.room))
    this.#link.leaving(this.room)
  }

  #sendToken(): void {
    this.#link.tokens.renew(this.#token).then(
      (token) => {
        if (isIn(this.state)) this.#link.send(writeToken(this.room, token))
      },
      () => {}, // the server decides what becomes of a session without a new token
    )
  }

  #takeRefusal(code: 'forbidden' | 'unavailable', reason: string): InterplayError {
    const refusal = this.#refusal ?? reasonError(reason, code)
    this.#refusal = null
    return refusal
  }
}
