import { InterplayError } from '@interplay/shared'
import * as decoding from 'lib0/decoding'
import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness'
import type { Clock } from './clock.ts'
import { Listeners } from './listeners.ts'
import type { Other, Others, Presence, PresenceState } from './presence.ts'

export interface PresenceHost {
  readonly clock: Clock
  /** What a state of an awareness says in this room, `null` when it is not of the room's presence schema. */
  parse(state: PresenceState): unknown
  /** Throws `invalid-input`. */
  check(presence: unknown): void
  send(update: Uint8Array): void
}

/** Between two updates of a presence that changes all the time, a cursor. The first one of a burst goes out at once. */
const intervalMs = 33

type Change = { added: number[]; updated: number[]; removed: number[] }

/** Presence over an awareness, both ways. */
export class PresenceChannel implements Presence<unknown> {
  awareness: Awareness

  readonly #host: PresenceHost
  readonly #own = new Listeners()
  readonly #everyoneElse = new Listeners()
  /** `null` when somebody changed since. */
  #others: readonly Other<unknown>[] | null = null
  #lastOthers: readonly Other<unknown>[] = []
  readonly #parsed = new WeakMap<object, { presence: unknown }>()
  /** Fields of the local state that `set` made; the others belong to editor bindings. */
  #fields: string[] = []
  #hidden: PresenceState | null = null
  /** Whether the server knows this session. */
  #live = false
  #late = false
  #stopTimer: (() => void) | null = null

  constructor(awareness: Awareness, host: PresenceHost) {
    this.awareness = awareness
    this.#host = host
    this.#watch()
  }

  get(): unknown {
    const state = this.awareness.getLocalState()
    return state && this.#parse(state)
  }

  set(presence: unknown): void {
    const state: PresenceState = { ...this.awareness.getLocalState() }
    for (const field of this.#fields) delete state[field]
    if (presence == null) {
      this.#fields = []
      this.awareness.setLocalState(null)
      return
    }
    this.#host.check(presence)
    if (typeof presence !== 'object')
      throw new InterplayError('invalid-input', 'A presence is an object or null')
    this.#fields = Object.keys(presence)
    this.awareness.setLocalState(Object.assign(state, presence))
  }

  update(change: Partial<PresenceState>): void {
    const state = this.awareness.getLocalState() ?? {}
    this.set({ ...Object.fromEntries(this.#fields.map((field) => [field, state[field]])), ...change })
  }

  subscribe(listener: () => void): () => void {
    return this.#own.add(listener)
  }

  /** The other sessions, as an object of its own. */
  readonly others: Others<unknown> = {
    get: () => {
      this.#others ??= this.#readOthers()
      return this.#others
    },
    subscribe: (listener) => this.#everyoneElse.add(listener),
  }

  /** What the session shows at first. Without it the state is empty, for editor bindings to put their cursors in. */
  open(presence: unknown): void {
    if (presence !== undefined) this.set(presence)
    else if (!this.awareness.getLocalState()) this.awareness.setLocalState({})
  }

  /** Makes the server, and through it the others, see this session (again). A session that shows nothing stays silent. */
  announce(): void {
    this.#live = true
    this.#endBurst()
    // With the clock of before they would take it for old news.
    if (this.awareness.getLocalState()) this.awareness.setLocalState(this.awareness.getLocalState())
  }

  /** An awareness update of the server. Throws on garbage. */
  receive(update: Uint8Array): void {
    try {
      applyAwarenessUpdate(this.awareness, update, this)
    } catch (error) {
      checkUpdate(update)
      console.error(error) // of an observer of the application
    }
  }

  /** The session is gone, and with it what is known of the others: no ghosts. */
  suspend(): void {
    this.#live = false
    const { awareness } = this
    const others = [...awareness.meta.keys()].filter((id) => id !== awareness.clientID)
    removeAwarenessStates(awareness, others, this)
    // Otherwise their unchanged states would be taken for old news when they come back.
    for (const id of others) awareness.meta.delete(id)
  }

  /** The page goes away, maybe for good. */
  hide(): void {
    this.#hidden ??= this.awareness.getLocalState()
    this.awareness.setLocalState(null)
  }

  show(): void {
    if (this.#hidden) this.awareness.setLocalState(this.#hidden)
    this.#hidden = null
  }

  /** Goes over to the awareness of another document: the others stay, this session gets another id. */
  move(next: Awareness): void {
    const before = this.awareness
    const own = before.getLocalState()
    for (const [id, state] of before.states) {
      if (id === before.clientID) continue
      next.states.set(id, state)
      next.meta.set(id, before.meta.get(id)!)
    }
    before.setLocalState(null)
    this.close()
    if (!own) next.setLocalState(null)
    this.awareness = next
    this.#watch()
    if (own) next.setLocalState(own)
    this.#others = null
    this.#everyoneElse.notify()
  }

  close(): void {
    this.#endBurst()
    this.awareness.off('update', this.#onUpdate)
    this.awareness.off('change', this.#onChange)
    this.awareness.destroy()
  }

  #watch(): void {
    this.awareness.on('update', this.#onUpdate)
    this.awareness.on('change', this.#onChange)
  }

  readonly #onUpdate = ({ added, updated, removed }: Change, origin: unknown): void => {
    const own = this.awareness.clientID
    // A remote removal of ours is one of an earlier connection: answered by saying that we are here.
    if (removed.includes(own)) this.#send()
    else if (origin !== this && (added.includes(own) || updated.includes(own))) this.#sendSoon()
  }

  readonly #onChange = ({ added, updated, removed }: Change): void => {
    const own = this.awareness.clientID
    const ids = [...added, ...updated, ...removed]
    if (ids.includes(own)) this.#own.notify()
    if (!ids.some((id) => id !== own)) return
    this.#others = null
    this.#everyoneElse.notify()
  }

  #sendSoon(): void {
    if (this.#stopTimer) this.#late = true
    else this.#send()
  }

  #send(): void {
    this.#endBurst()
    if (!this.#live) return
    this.#host.send(encodeAwarenessUpdate(this.awareness, [this.awareness.clientID]))
    this.#stopTimer = this.#host.clock.after(intervalMs, () => {
      this.#stopTimer = null
      if (this.#late) this.#send()
    })
  }

  #endBurst(): void {
    this.#stopTimer?.()
    this.#stopTimer = null
    this.#late = false
  }

  #readOthers(): readonly Other<unknown>[] {
    const before = new Map(this.#lastOthers.map((other) => [other.sessionId, other]))
    const others: Other<unknown>[] = []
    for (const [sessionId, state] of this.awareness.states) {
      if (sessionId === this.awareness.clientID) continue
      const presence = this.#parse(state)
      if (presence === null) continue
      const known = before.get(sessionId)
      others.push(known && known.presence === presence ? known : { sessionId, presence })
    }
    this.#lastOthers = others
    return others
  }

  /** Once per state: an awareness replaces its states, it never changes them. */
  #parse(state: PresenceState): unknown {
    let parsed = this.#parsed.get(state)
    if (!parsed) {
      parsed = { presence: this.#host.parse(state) }
      this.#parsed.set(state, parsed)
    }
    return parsed.presence
  }
}

/** Throws when the bytes are no awareness update. */
function checkUpdate(update: Uint8Array): void {
  const decoder = decoding.createDecoder(update)
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    decoding.readVarUint(decoder)
    decoding.readVarUint(decoder)
    JSON.parse(decoding.readVarString(decoder))
  }
}
