import { createState, type ErrorBody, InterplayError } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import type { LiveDraft } from '../live/live-draft.ts'
import type { LiveWrites } from '../live/write.ts'
import type { Logger } from '../observe/logging.ts'
import { Deadline } from './deadline.ts'
import type { Draft } from './draft.ts'
import { Effects, type SentSignal, type TaskEffect } from './effects.ts'
import type { AnyImplementation } from './implement.ts'
import { when } from './when.ts'

/** Where code of a room runs: the room's name, its parameters, and how a draft of its state begins. */
export interface RunPlace {
  readonly room: string
  readonly params: unknown
  readonly deadlineMs: number
  readonly now: number
  readonly logger: Logger
  readonly begin: () => Draft
  /** Begins a draft of the live values. `isOpen` says whether the code may still do anything. */
  readonly live: (isOpen: () => boolean) => LiveDraft
  /** Throws away what code that failed has left in the draft. */
  readonly discard: () => void
}

/**
 * What became of code that ran on a draft: what it returned or threw, the update it made and what else it did; of code
 * that threw nothing is left.
 */
export interface Ran {
  readonly outcome: Outcome
  readonly change: Uint8Array | null
  readonly signals: readonly SentSignal[]
  readonly tasks: readonly TaskEffect[]
  /** What it did to live values; missing where it did nothing. */
  readonly live?: LiveWrites | undefined
}

const fail = (code: string, message: string, details?: unknown): never => {
  throw new InterplayError(code, message, { details })
}

/** What all code of a room works with; see `RoomContext`. What it does not use is not made. */
export class Context {
  readonly room: string
  readonly params: unknown
  readonly now: number
  readonly logger: Logger
  readonly #implementation: AnyImplementation
  readonly #draft: Draft
  readonly #deadline: Deadline
  readonly #beginLive: RunPlace['live']
  #live: LiveDraft | null = null
  #state: object | null = null
  #effects: Effects | null = null

  constructor(implementation: AnyImplementation, place: RunPlace, draft: Draft, deadline: Deadline) {
    this.room = place.room
    this.params = place.params
    this.now = place.now
    this.logger = place.logger
    this.#implementation = implementation
    this.#draft = draft
    this.#deadline = deadline
    this.#beginLive = place.live
  }

  get live(): object {
    this.#live ??= this.#beginLive(() => this.#draft.open)
    return this.#live.handles
  }

  get state(): object {
    this.#state ??= createState(this.#implementation.definition, this.#draft.document, {
      writer: 'handlers',
      transact: this.#draft.transact,
    })
    return this.#state
  }

  get fail() {
    return fail
  }

  get abortSignal(): AbortSignal {
    return this.#deadline.signal
  }

  get signal() {
    return this.effects.signal.bind(this.effects)
  }

  get schedule() {
    return this.effects.schedule.bind(this.effects)
  }

  get cancel() {
    return this.effects.cancel.bind(this.effects)
  }

  get send() {
    return this.effects.send.bind(this.effects)
  }

  get webhook() {
    return this.effects.webhook.bind(this.effects)
  }

  get effects(): Effects {
    const { definition, code } = this.#implementation
    this.#effects ??= new Effects(definition, code.webhooks, this.now, () => this.#draft.open)
    return this.#effects
  }

  /** What it did, without making anything for code that did nothing. */
  get done(): Pick<Ran, 'signals' | 'tasks'> {
    return this.#effects ?? nothing
  }

  /** What it did to live values. */
  get liveWrites(): LiveWrites | undefined {
    return this.#live?.writes
  }
}

const nothing = { signals: [], tasks: [] }

/**
 * Runs code on a draft, within its deadline. `what` names it in errors. `prepare` makes its context, `finish`
 * checks what it returned. Never throws or rejects.
 */
export function runOnDraft<C extends Context>(
  what: string,
  place: RunPlace,
  prepare: (draft: Draft, deadline: Deadline) => C,
  code: (context: C) => unknown,
  finish: (output: unknown) => unknown = (output) => output,
): Ran | Promise<Ran> {
  const draft = place.begin()
  const deadline = new Deadline(place.deadlineMs, what)
  const context = prepare(draft, deadline)
  const failed = (error: unknown): Ran => {
    deadline.end()
    draft.close()
    if (draft.changed || deadline.passed) place.discard()
    const outcome: Outcome = { ok: false, error: errorBody(error, what, place) }
    return { outcome, change: null, ...nothing }
  }
  const succeeded = (output: unknown): Ran => {
    const fault = jsonFault(output)
    if (fault !== null) return failed(new Error(`${what} returned what JSON cannot hold.`, { cause: fault }))
    deadline.end()
    const { signals, tasks } = context.done
    const live = context.liveWrites
    return { outcome: { ok: true, output }, change: draft.close(), signals, tasks, ...(live && { live }) }
  }
  return when(
    () => deadline.hold(code(context)),
    (output) => when(() => finish(output), succeeded, failed),
    failed,
  )
}

/** Why JSON cannot hold an output or an error: one that cannot travel would fail the append of everything behind it. */
function jsonFault(output: unknown): unknown {
  if (output === undefined) return null
  try {
    JSON.stringify(output)
    return null
  } catch (error) {
    return error
  }
}

/** Expected failures travel as they are; a bug is logged and reaches the caller as `internal`. */
export function errorBody(error: unknown, what: string, place: Pick<RunPlace, 'logger' | 'room'>): ErrorBody {
  if (error instanceof InterplayError) {
    const body = error.toJSON()
    const fault = jsonFault(body)
    if (fault === null) return body
    place.logger.error(
      { error: describe(fault), room: place.room },
      `${what} failed with details that JSON cannot hold`,
    )
    return { code: error.code, message: error.message }
  }
  place.logger.error({ error: describe(error), room: place.room }, `${what} threw`)
  return { code: 'internal', message: `${what} failed; the server's log says why.` }
}

export function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  return {
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: describe(error.cause) }),
  }
}
