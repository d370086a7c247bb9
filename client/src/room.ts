import type {
  AnyRoom,
  EventInput,
  EventName,
  EventOutput,
  InterplayError,
  ParamsOf,
  PresenceInput,
  PresenceOf,
  SignalsOf,
  StateOf,
} from '@interplay/shared'
import type { JobStatus } from '@interplay/shared/protocol'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { History } from './history.ts'
import type { Jobs } from './jobs.ts'
import type { LiveViews } from './live.ts'
import type { Others, Presence, PresenceState } from './presence.ts'
import type { RoomStatus } from './status.ts'

/**
 * A room this client is in, without a definition: a Yjs document and an awareness that every Yjs editor binding takes.
 * Edits show at once, merge with everybody's, and are sent again after a lost connection until the server has them.
 */
export interface OpenRoom<P = PresenceState, I = P> {
  /** The name on the wire: `board/q3`. */
  readonly name: string

  /** The shared document. Another one after {@link OpenRoom.onReset}. */
  readonly doc: Y.Doc

  /** The awareness of this document, for editor bindings. Another one after {@link OpenRoom.onReset}. */
  readonly awareness: Awareness

  /** Resolves once the server's state is here; rejects with an `InterplayError` when the server refuses the room. */
  readonly ready: Promise<void>

  /** Whether this session may only read: typed views then throw `read-only`. `false` until the server has said so. */
  readonly readOnly: boolean

  /** Where the room stands. The same object until something changes. */
  readonly status: RoomStatus

  /** What this session shows of itself. */
  readonly presence: Presence<P, I>

  /** What the other sessions show of themselves. */
  readonly others: Others<P>

  /** Undo and redo of this client's own edits. */
  readonly history: History

  /** Calls `listener` after {@link OpenRoom.status} changed. Returns its stop. */
  subscribe(listener: () => void): () => void

  /**
   * Calls `listener` after the document was replaced by the server's state, because the server refused an edit:
   * `error` says why. `room.doc`, `room.awareness` and `room.state` are new objects then; `before` is the old document,
   * to rescue unsaved work from. Returns its stop.
   */
  onReset(listener: (error: InterplayError, before: Y.Doc) => void): () => void

  /**
   * Leaves the room. A room that was joined twice stays until it was left twice. What the server does not have yet is
   * still delivered in the background, until `client.close()`.
   */
  leave(): void
}

/** A room of a definition: its state, presence and events are typed. */
export interface Room<R extends AnyRoom> extends OpenRoom<PresenceOf<R>, PresenceInput<R>> {
  readonly definition: R
  readonly params: ParamsOf<R>

  /**
   * Typed views over {@link OpenRoom.doc}: `room.state.title.insert(0, 'Hello')`. Read it again after
   * {@link OpenRoom.onReset}: views of the old document no longer change.
   */
  readonly state: StateOf<R>

  /**
   * The values that the server keeps up to date, for those who subscribe to them. Each is an object of its own:
   * `room.live.vote.subscribe((vote) => …)`.
   */
  readonly live: LiveViews<R>

  /**
   * Asks the server to run an event, once: through retries and reconnects. Its handler sees every edit made here
   * before. When the promise resolves, the state that the event caused is already here.
   *
   * Rejects with an `InterplayError`: `code`, `message`, `retry`, `issues` (of an invalid input), `details`.
   *
   * ```ts
   * const { noteId } = await room.dispatch('note.add', { text: 'Ship' })
   * ```
   */
  dispatch<E extends EventName<R>>(
    event: E,
    ...args: DispatchArgs<EventInput<R, E>>
  ): Promise<EventOutput<R, E>>

  /**
   * Calls `listener` for every signal of this name that is sent to this session. What the code that sent it did to the
   * state is already here. A signal that is sent while the connection is down is missed. Returns its stop.
   *
   * ```ts
   * const stop = room.onSignal('confetti', ({ x, y }) => fire(x, y))
   * ```
   */
  onSignal<S extends SignalName<R>>(name: S, listener: (payload: SignalsOf<R>[S]) => void): () => void

  /** Jobs of the room that run, that wait for another attempt, or that have failed for good. */
  readonly jobs: Jobs

  /**
   * Calls `listener` whenever the server tells of a job: that it runs, how far it is, how it ended. After a reconnect it
   * tells of those in {@link Room.jobs} again; an end that came meanwhile is missed. Returns its stop.
   */
  onJob(listener: (job: JobStatus) => void): () => void
}

/** Names of a room's signals. */
export type SignalName<R extends AnyRoom> = keyof R['signals'] & string

export interface DispatchOptions {
  /**
   * Gives the event up. Before it is sent it never happens; afterwards nobody waits for its answer any more, but its
   * effect may still happen. The promise rejects with `cancelled` either way, and its message says which.
   */
  signal?: AbortSignal
}

/** An event without an input is dispatched by its name alone. */
export type DispatchArgs<I> = undefined extends I
  ? [input?: I, options?: DispatchOptions]
  : [input: I, options?: DispatchOptions]

export interface JoinOptions<I> {
  /** What this session shows of itself at first. Without it, nothing until `room.presence.set`. */
  presence?: I
}
