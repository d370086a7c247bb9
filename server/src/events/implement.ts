import type {
  AnyRoom,
  ErrorCode,
  EventName,
  EventParsed,
  EventResult,
  ParamsOf,
  StateOf,
} from '@interplay/shared'
import type { Logger } from '../observe/logging.ts'

/** Who a session is: the verified identity and rights that `admit` gave it. */
export interface Actor {
  /** The same for every connection of a user: event ids and presence are kept by it. */
  readonly userId: string
  /** `false` makes the session read-only: its edits are refused with `read-only`. @default true */
  readonly canEdit?: boolean
}

/** What a verified token says, as `auth` returned it. `sub` is the subject of RFC 7519, section 4.1.2. */
export type Claims = { readonly sub: string } & Readonly<Record<string, unknown>>

/** What `admit` is asked with. */
export interface Admission<R extends AnyRoom> {
  readonly token: Claims
  readonly params: ParamsOf<R>
  readonly room: string
  readonly request: Request
  readonly fail: Fail
}

/** Ends the handler with a typed error: one of the runtime's codes or an application's own. Nothing is changed. */
export type Fail = (code: ErrorCode | (string & {}), message: string, details?: unknown) => never

/** What a handler and its guard work with. */
export interface EventContext<R extends AnyRoom, E extends EventName<R>, A extends Actor> {
  /** The event id: the same for every retry of one dispatch. */
  readonly id: string
  readonly event: E
  readonly input: EventParsed<R, E>
  readonly actor: A
  /** A draft of the room's state: all of it takes effect when the handler returns, or none of it. */
  readonly state: StateOf<R>
  readonly room: string
  readonly params: ParamsOf<R>
  readonly fail: Fail
  /** Aborted when the handler's deadline has passed. */
  readonly signal: AbortSignal
  readonly logger: Logger
}

export type Handler<R extends AnyRoom, E extends EventName<R>, A extends Actor> = (
  context: EventContext<R, E, A>,
) => EventResult<R, E> | Promise<EventResult<R, E>>

export type Guard<R extends AnyRoom, E extends EventName<R>, A extends Actor> = (
  context: EventContext<R, E, A>,
) => boolean | Promise<boolean>

export type GuardedHandler<R extends AnyRoom, E extends EventName<R>, A extends Actor> =
  | Handler<R, E, A>
  | { readonly guard?: Guard<R, E, A>; readonly handle: Handler<R, E, A> }

/** Handlers by event name. */
export type Handlers<R extends AnyRoom, A extends Actor> = {
  readonly [E in EventName<R>]?: GuardedHandler<R, E, A>
}

/** A guard and a handler as the runtime calls them, their types checked where they were written. */
export interface AnyHandler {
  readonly guard: ((context: AnyContext) => boolean | Promise<boolean>) | null
  readonly handle: (context: AnyContext) => unknown
}

export type AnyContext = Omit<EventContext<AnyRoom, never, Actor>, 'input' | 'event' | 'state' | 'params'> & {
  readonly event: string
  readonly input: unknown
  readonly state: unknown
  readonly params: unknown
}

/** The code of an implementation, as the runtime calls it. */
export interface Code {
  readonly admit: ((admission: Admission<AnyRoom>) => Actor | Promise<Actor>) | null
  readonly handlers: ReadonlyMap<string, AnyHandler>
}

/** An implementation of any definition. */
export interface AnyImplementation {
  readonly definition: AnyRoom
  readonly code: Code
}

/** The server-side code of a definition, collected step by step. Each step returns a new implementation. */
export class Implementation<R extends AnyRoom, A extends Actor> implements AnyImplementation {
  readonly definition: R
  readonly code: Code

  constructor(definition: R, code: Code) {
    this.definition = definition
    this.code = code
  }

  /**
   * Decides who may join, and as whom: returns the actor, or calls `fail`. Without it every verified token is
   * admitted as `{ userId: token.sub }`.
   */
  admit<B extends Actor>(admit: (admission: Admission<R>) => B | Promise<B>): Implementation<R, B> {
    return new Implementation(this.definition, { ...this.code, admit: admit as unknown as Code['admit'] })
  }

  /** Adds handlers. A handler is a function, or a function with the guard that must let it pass. */
  on(handlers: Handlers<R, A>): Implementation<R, A> {
    const all = new Map(this.code.handlers)
    for (const [event, handler] of Object.entries(handlers)) {
      if (!handler) continue
      const { guard = null, handle } =
        typeof handler === 'function' ? { handle: handler } : (handler as AnyHandler)
      all.set(event, { guard, handle } as AnyHandler)
    }
    return new Implementation(this.definition, { ...this.code, handlers: all })
  }
}

/** Starts the implementation of a definition: `implement(board).admit(…).on({ … })`. */
export function implement<R extends AnyRoom>(definition: R): Implementation<R, Actor> {
  return new Implementation<R, Actor>(definition, { admit: null, handlers: new Map() })
}
