import type { AnyRoom, EventName, EventResult, JobsOf, ParamsOf } from '@interplay/shared'
import type { WebhookEndpoint } from '../jobs/webhook-sender.ts'
import type {
  Actor,
  ChangeContext,
  EventContext,
  Fail,
  JobContext,
  RoomContext,
  SessionContext,
  TickContext,
} from './context.ts'
import type { Middleware } from './middleware.ts'

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

export type Handler<R extends AnyRoom, E extends EventName<R>, A extends Actor> = (
  context: EventContext<R, E, A>,
) => EventResult<R, E> | Promise<EventResult<R, E>>

export type Guard<R extends AnyRoom, E extends EventName<R>, A extends Actor> = (
  context: EventContext<R, E, A>,
) => boolean | Promise<boolean>

export interface GuardedHandler<R extends AnyRoom, E extends EventName<R>, A extends Actor> {
  /** Runs around guard and handler, inside of the implementation's own: `rateLimit({ perSecond: 5 })`. */
  readonly use?: Middleware<R, A> | readonly Middleware<R, A>[]
  readonly guard?: Guard<R, E, A>
  /** Time the event's code may take. @default `handlerDeadlineMs` of the server */
  readonly deadlineMs?: number
  readonly handle: Handler<R, E, A>
}

/** Handlers by event name. */
export type Handlers<R extends AnyRoom, A extends Actor> = {
  readonly [E in EventName<R>]?: Handler<R, E, A> | GuardedHandler<R, E, A>
}

/** Answers events that have no handler, whether the definition has them or not. Where it has not, the input is as it came. */
export type Fallback<R extends AnyRoom, A extends Actor> = (
  context: Omit<EventContext<R, EventName<R>, A>, 'event' | 'input'> & {
    readonly event: string
    readonly input: unknown
  },
) => unknown

/** Code that runs because something happened, not because somebody asked. */
export interface Reactions<R extends AnyRoom, A extends Actor> {
  /** A field changed, by an edit, an event or another reaction. What happened in one turn comes together. */
  readonly changed?: { readonly [F in keyof R['state']]?: (context: ChangeContext<R, F>) => unknown }
  /** The room came into memory. */
  readonly opened?: (context: RoomContext<R>) => unknown
  readonly joined?: (context: SessionContext<R, A>) => unknown
  readonly left?: (context: SessionContext<R, A>) => unknown
  /** The last session left, some time ago: the room is about to leave memory. */
  readonly idle?: (context: RoomContext<R>) => unknown
}

export type Job<R extends AnyRoom, Input> = (context: JobContext<R, Input>) => unknown

export interface JobWithOptions<R extends AnyRoom, Input> {
  readonly handle: Job<R, Input>
  /** Time one attempt may take. @default 300_000 */
  readonly timeoutMs?: number
  /** Jobs of this name that run at once in a room. @default 4 */
  readonly concurrency?: number
}

export type Jobs<R extends AnyRoom> = {
  readonly [J in keyof R['jobs'] & string]?: Job<R, JobsOf<R>[J]> | JobWithOptions<R, JobsOf<R>[J]>
}

/** One step of a simulation. It should return at once: everything else in the room waits for it. */
export type Tick<R extends AnyRoom> = (context: TickContext<R>) => void | Promise<void>

export interface TickOptions {
  /** Steps in a row that make up for lost time. What is lost beyond them stays lost, and is counted. @default 5 */
  readonly maxCatchUp?: number
  /**
   * Whether it goes on while nobody watches a live value of the room (where it has none: while nobody is in the room).
   * `run` keeps the room in memory. @default 'sleep'
   */
  readonly whenUnwatched?: 'sleep' | 'run'
  /** How often the live values are stored, so that a restart goes on from there. @default never */
  readonly snapshotEveryMs?: number
  /** What `random` draws from, a whole number. @default another one for every room */
  readonly seed?: number
}

/** A handler as the runtime calls it, its types checked where it was written. */
export interface AnyHandler {
  readonly use: readonly AnyMiddleware[]
  readonly guard: ((context: AnyContext) => boolean | Promise<boolean>) | null
  readonly deadlineMs: number | null
  readonly handle: (context: AnyContext) => unknown
}

export type AnyMiddleware = (context: AnyContext, next: () => unknown) => unknown
export type AnyRoomContext = Record<keyof RoomContext<AnyRoom>, unknown>
export type AnyContext = Omit<EventContext<AnyRoom, never, Actor>, 'input' | 'event' | 'state' | 'params'> & {
  readonly event: string
  readonly input: unknown
  readonly state: unknown
  readonly params: unknown
}
export interface AnyJob {
  readonly handle: (context: JobContext<AnyRoom, unknown>) => unknown
  readonly timeoutMs: number
  readonly concurrency: number
}
type Reaction = (context: never) => unknown

/** The simulation of a room, as the runtime calls it. */
export interface AnyTick {
  readonly stepMs: number
  readonly handle: (context: never) => unknown
  readonly maxCatchUp: number
  readonly whenUnwatched: 'sleep' | 'run'
  readonly snapshotEveryMs: number | null
  readonly seed: number | null
}

/** The code of an implementation, as the runtime calls it. */
export interface Code {
  readonly admit: ((admission: Admission<AnyRoom>) => Actor | Promise<Actor>) | null
  readonly use: readonly AnyMiddleware[]
  readonly handlers: ReadonlyMap<string, AnyHandler>
  /** Handlers for names that fit a pattern, in the order of their definition. */
  readonly patterns: readonly { readonly fits: (event: string) => boolean; readonly handler: AnyHandler }[]
  readonly fallback: AnyHandler | null
  readonly changed: ReadonlyMap<string, Reaction>
  readonly lifecycle: Readonly<Partial<Record<'opened' | 'joined' | 'left' | 'idle', Reaction>>>
  readonly jobs: ReadonlyMap<string, AnyJob>
  readonly webhooks: ReadonlyMap<string, WebhookEndpoint>
  readonly tick: AnyTick | null
}

/** An implementation of any definition. */
export interface AnyImplementation {
  readonly definition: AnyRoom
  readonly code: Code
}

const defaultJob = { timeoutMs: 300_000, concurrency: 4 }

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

  /** Runs around the guard and handler of every event, in the order of the calls. */
  use(...middlewares: Middleware<R, A>[]): Implementation<R, A> {
    return this.#with({ use: [...this.code.use, ...(middlewares as unknown as AnyMiddleware[])] })
  }

  /** Adds handlers. A handler is a function, or a function with its guard, middleware and deadline. */
  on(handlers: Handlers<R, A>): Implementation<R, A>
  /** Adds one handler for all events of the definition that fit a pattern (`note.*`, `*`) and have none of their own. */
  on(
    pattern: string,
    handler: Handler<R, EventName<R>, A> | GuardedHandler<R, EventName<R>, A>,
  ): Implementation<R, A>
  on(handlers: Handlers<R, A> | string, patternHandler?: unknown): Implementation<R, A> {
    if (typeof handlers === 'string') {
      const pattern = { fits: patternOf(handlers), handler: anyHandler(patternHandler) }
      return this.#with({ patterns: [...this.code.patterns, pattern] })
    }
    const all = new Map(this.code.handlers)
    for (const [event, handler] of Object.entries(handlers)) if (handler) all.set(event, anyHandler(handler))
    return this.#with({ handlers: all })
  }

  /** Answers every event that has no handler, also of names that the definition does not have. */
  fallback(handler: Fallback<R, A>): Implementation<R, A> {
    return this.#with({ fallback: anyHandler(handler) })
  }

  /** Adds reactions to changed fields, and to comings and goings. */
  react({ changed = {}, ...lifecycle }: Reactions<R, A>): Implementation<R, A> {
    const all = new Map(this.code.changed)
    for (const [field, reaction] of Object.entries(changed)) {
      if (!Object.hasOwn(this.definition.state, field))
        throw new TypeError(`react: '${this.definition.pattern}' has no field '${field}'.`)
      if (reaction) all.set(field, reaction as Reaction)
    }
    return this.#with({
      changed: all,
      lifecycle: { ...this.code.lifecycle, ...(lifecycle as Code['lifecycle']) },
    })
  }

  /** Adds the code of jobs. A job is a function, or a function with its limits. */
  jobs(jobs: Jobs<R>): Implementation<R, A> {
    const all = new Map(this.code.jobs)
    for (const [name, job] of Object.entries(jobs)) {
      if (!Object.hasOwn(this.definition.jobs, name))
        throw new TypeError(`jobs: '${this.definition.pattern}' has no job '${name}'.`)
      const options = (typeof job === 'function' ? { handle: job } : job) as AnyJob
      all.set(name, { ...defaultJob, ...options })
    }
    return this.#with({ jobs: all })
  }

  /** Adds the endpoints that `webhook(name, …)` posts to. */
  webhooks(endpoints: Readonly<Record<string, WebhookEndpoint>>): Implementation<R, A> {
    for (const name of Object.keys(endpoints))
      if (!/^[\w-]{1,64}$/.test(name)) throw new TypeError(`webhooks: '${name}' is no name for an endpoint.`)
    return this.#with({ webhooks: new Map([...this.code.webhooks, ...Object.entries(endpoints)]) })
  }

  /**
   * Runs a simulation: `tick` is called every `stepMs`, between events and never beside one. What it does to live values goes
   * out at once; what it does to the state is an entry of the log for every step.
   */
  tick(stepMs: number, tick: Tick<R>, options: TickOptions = {}): Implementation<R, A> {
    const { maxCatchUp = 5, whenUnwatched = 'sleep', snapshotEveryMs = null, seed = null } = options
    if (!(stepMs >= 1) || !(maxCatchUp >= 1) || (snapshotEveryMs !== null && !(snapshotEveryMs > 0)))
      throw new TypeError('tick: stepMs and maxCatchUp are at least 1, and snapshotEveryMs is above 0.')
    return this.#with({ tick: { stepMs, handle: tick, maxCatchUp, whenUnwatched, snapshotEveryMs, seed } })
  }

  #with(changes: Partial<Code>): Implementation<R, A> {
    return new Implementation<R, A>(this.definition, { ...this.code, ...changes })
  }
}

/** Starts the implementation of a definition: `implement(board).admit(…).on({ … })`. */
export function implement<R extends AnyRoom>(definition: R): Implementation<R, Actor> {
  return new Implementation<R, Actor>(definition, {
    admit: null,
    use: [],
    handlers: new Map(),
    patterns: [],
    fallback: null,
    changed: new Map(),
    lifecycle: {},
    jobs: new Map(),
    webhooks: new Map(),
    tick: null,
  })
}

/** The handler of an event: its own, else the first whose pattern fits an event of the definition, else the fallback. */
export function handlerOf({ definition, code }: AnyImplementation, event: string): AnyHandler | null {
  const own = code.handlers.get(event)
  if (own) return own
  if (Object.hasOwn(definition.events, event)) {
    const fitting = code.patterns.find(({ fits }) => fits(event))
    if (fitting) return fitting.handler
  }
  return code.fallback
}

function anyHandler(handler: unknown): AnyHandler {
  const given = (typeof handler === 'function' ? { handle: handler } : handler) as Partial<
    Omit<AnyHandler, 'use'>
  > & { use?: AnyMiddleware | AnyMiddleware[]; handle: AnyHandler['handle'] }
  const { use = [], guard = null, deadlineMs = null, handle } = given
  return { use: Array.isArray(use) ? use : [use], guard, deadlineMs, handle }
}

/** `*` stands for any characters. */
function patternOf(pattern: string): (event: string) => boolean {
  const [start = '', ...rest] = pattern.split('*')
  if (rest.length !== 1) throw new TypeError(`on: '${pattern}' is no pattern. Write it like 'note.*'.`)
  const end = rest[0]!
  return (event) =>
    event.length >= start.length + end.length && event.startsWith(start) && event.endsWith(end)
}
