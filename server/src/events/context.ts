import type {
  AnyRoom,
  ErrorCode,
  EventInput,
  EventName,
  EventParsed,
  Field,
  JobInput,
  JsonOf,
  ListField,
  MapField,
  ParamsOf,
  RecordField,
  SignalInput,
  StateOf,
} from '@interplay/shared'
import type { JobLiveHandles, LiveHandles } from '../live/handle.ts'
import type { Random } from '../live/step-random.ts'
import type { Logger } from '../observe/logging.ts'
import type { ScheduleOptions, SignalTarget } from './effects.ts'

/** Who a session is: the verified identity and rights that `admit` gave it. */
export interface Actor {
  /** The same for every connection of a user: event ids and presence are kept by it. */
  readonly userId: string
  /** `false` makes the session read-only: its edits are refused with `read-only`. @default true */
  readonly canEdit?: boolean
  /** May read the journal of the room, and see and change its jobs, over HTTP. @default false */
  readonly canOperate?: boolean
}

/** Ends the handler with a typed error: one of the runtime's codes or an application's own. Nothing is changed. */
export type Fail = (code: ErrorCode | (string & {}), message: string, details?: unknown) => never

/** What all code of a room works with. Everything it does takes effect when it returns, or not at all. */
export interface RoomContext<R extends AnyRoom> {
  /** A draft of the room's state. */
  readonly state: StateOf<R>
  /** The live values: nobody stores them, and who watches one gets the latest. */
  readonly live: LiveHandles<R>
  readonly room: string
  readonly params: ParamsOf<R>
  /** When the code began, in milliseconds since 1970. */
  readonly now: number
  readonly fail: Fail
  readonly logger: Logger
  /** Aborted when the deadline has passed. */
  readonly abortSignal: AbortSignal
  /** Broadcasts to the sessions in the room, or to some of them. Nobody stores it. */
  readonly signal: <S extends keyof R['signals'] & string>(
    name: S,
    payload: SignalInput<R>[S],
    to?: SignalTarget,
  ) => void
  /** Schedules a job of the room. Returns its id: the `key`, or a fresh one. */
  readonly schedule: <J extends keyof R['jobs'] & string>(
    job: J,
    input: JobInput<R>[J],
    when: ScheduleOptions,
  ) => string
  /** Cancels a job that waits or runs, by its id. One that is not there is no error. */
  readonly cancel: (jobId: string) => void
  /** Dispatches an event to another room, as this actor: it runs there once, after this has taken effect. */
  readonly send: <To extends AnyRoom, E extends EventName<To>>(
    definition: To,
    params: ParamsOf<To>,
    event: E,
    input: EventInput<To, E>,
  ) => void
  /** Posts a signed webhook to an endpoint of `webhooks`: at least once, in the order of this room. */
  readonly webhook: (endpoint: string, type: string, data: unknown) => void
}

/** What a handler, its guard and its middleware work with. */
export interface EventContext<R extends AnyRoom, E extends EventName<R>, A extends Actor>
  extends RoomContext<R> {
  /** The event id: the same for every retry of one dispatch. */
  readonly id: string
  readonly event: E
  readonly input: EventParsed<R, E>
  readonly actor: A
  /** The session that dispatched it; `null` for an event that came over HTTP, from a job or from the server. */
  readonly sessionId: string | null
}

/** What a reaction to comings and goings works with. */
export interface SessionContext<R extends AnyRoom, A extends Actor> extends RoomContext<R> {
  readonly actor: A
  readonly sessionId: string
}

/** What a reaction to a changed field works with: what is another since it ran last. */
export interface ChangeContext<R extends AnyRoom, F extends keyof R['state'] = keyof R['state']>
  extends RoomContext<R> {
  /** Keys that were not there, and new items of a list. */
  readonly added: readonly AddedChange<ChangedOf<R['state'][F]>>[]
  /** Keys whose value is another. What is one thing, as a text, a counter and a value are, has one: `''`. */
  readonly changed: readonly Change<ChangedOf<R['state'][F]>>[]
  /** Keys that are gone, and items that a list has no more. */
  readonly removed: readonly RemovedChange<ChangedOf<R['state'][F]>>[]
  /** Ids of the users who did it, as far as known: a job is none. */
  readonly by: readonly string[]
}

/** What a change of a field is about: an element of a map or list, a field of a record, or the field itself. */
export type ChangedOf<F extends Field> =
  F extends MapField<infer E>
    ? JsonOf<E>
    : F extends ListField<infer E>
      ? JsonOf<E>
      : F extends RecordField<infer C>
        ? JsonOf<C[keyof C]>
        : JsonOf<F>

export interface AddedChange<V> {
  /** Of a map. Items of a list have `''`. */
  readonly key: string
  /** As plain JSON. */
  readonly value: V
}

export interface Change<V> extends AddedChange<V> {
  /** Missing where there was none, and of a shared type: what was in it is not kept. */
  readonly before?: V
}

export interface RemovedChange<V> {
  readonly key: string
  /** Missing for a shared type. */
  readonly before?: V
}

/** What a step of a simulation works with. */
export interface TickContext<R extends AnyRoom> extends RoomContext<R> {
  /** The length of a step, always the same: `stepMs`. */
  readonly deltaMs: number
  /** Counts from 1, over restarts too where live values are kept. */
  readonly step: number
  /** Chance that follows from the seed and the step: a simulation that draws from it alone can be run again. */
  readonly random: Random
}

/** What a job works with. It changes the room in as many atomic steps as it likes. */
export interface JobContext<R extends AnyRoom, Input> {
  readonly id: string
  readonly input: Input
  /** Counts from 1. A job runs at least once, and again after a crash or a failure. */
  readonly attempt: number
  /** When it was meant to run, in milliseconds since 1970. */
  readonly plannedAt: number
  readonly room: string
  readonly params: ParamsOf<R>
  /** The live values. Each change is a step of its own: it takes effect when its promise resolves. */
  readonly live: JobLiveHandles<R>
  readonly logger: Logger
  /** Aborted when the job is cancelled or replaced, past its deadline, and when the server closes. */
  readonly abortSignal: AbortSignal
  /** Runs a step: all of it takes effect, durably, before the promise resolves to what it returned; or nothing of it. */
  readonly change: <T>(step: (context: RoomContext<R>) => T | Promise<T>) => Promise<T>
  /** Says how far it is, to the clients in the room. JSON; the latest wins, nobody stores it. */
  readonly progress: (progress: unknown) => void
}
