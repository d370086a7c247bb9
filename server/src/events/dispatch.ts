import {
  type AnyRoom,
  createState,
  type ErrorBody,
  type EventDefinition,
  InterplayError,
  validate,
} from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import type { Logger } from '../observe/logging.ts'
import { Deadline } from './deadline.ts'
import type { Draft } from './draft.ts'
import type { Actor, AnyContext, AnyHandler, AnyImplementation } from './implement.ts'
import { when } from './when.ts'

/** One event as it reached its room. */
export interface EventRequest {
  readonly id: string
  readonly event: string
  readonly input: unknown
  readonly actor: Actor
}

/** Where an event runs: the room's name, parameters and a draft of its state. */
export interface EventPlace {
  readonly room: string
  readonly params: unknown
  readonly deadlineMs: number
  readonly logger: Logger
  /** Begins a draft; called once input and handler are known. */
  readonly begin: () => Draft
}

/**
 * What became of an event. `handled` tells whether its handler ran, so that its outcome must be recorded; `change` is
 * the update it made; `spoilt` says that the fork holds changes to be thrown away.
 */
export interface Verdict {
  readonly outcome: Outcome
  readonly handled: boolean
  readonly change: Uint8Array | null
  readonly spoilt: boolean
}

/** Runs one event on a draft: validate, guard, handle, validate the output. Never throws or rejects. */
export function runEvent(
  implementation: AnyImplementation,
  request: EventRequest,
  place: EventPlace,
): Verdict | Promise<Verdict> {
  const { definition, code } = implementation
  const contract = Object.hasOwn(definition.events, request.event)
    ? definition.events[request.event]
    : undefined
  const handler = code.handlers.get(request.event)
  if (!contract || !handler) {
    const names = Object.keys(definition.events).join(', ') || 'none'
    return rejected({
      code: 'unknown-event',
      message: `No event '${request.event}' in '${definition.pattern}'. It has: ${names}.`,
    })
  }

  return when(
    () => validate(contract.input, request.input),
    (input) => handle(definition, contract, handler, request, input, place),
    (error) => rejected(errorBody(error, place.logger, request)),
  )
}

function handle(
  definition: AnyRoom,
  contract: EventDefinition,
  handler: AnyHandler,
  request: EventRequest,
  input: unknown,
  place: EventPlace,
): Verdict | Promise<Verdict> {
  const draft = place.begin()
  const deadline = new Deadline(place.deadlineMs, `The handler of '${request.event}'`)
  const context: AnyContext = {
    id: request.id,
    event: request.event,
    input,
    actor: request.actor,
    state: createState(definition, draft.document, { writer: 'handlers', transact: draft.transact }),
    room: place.room,
    params: place.params,
    get signal() {
      return deadline.signal
    },
    logger: place.logger,
    fail,
  }
  let entered = handler.guard === null
  const failed = (error: unknown): Verdict => {
    deadline.end()
    draft.close()
    const outcome: Outcome = { ok: false, error: errorBody(error, place.logger, request) }
    return { outcome, handled: entered, change: null, spoilt: draft.changed || deadline.passed }
  }
  const enter = (mayPass: boolean) => {
    if (!mayPass) fail('forbidden', `You may not dispatch '${request.event}' here.`)
    entered = true
    return deadline.hold(handler.handle(context))
  }
  const finish = (output: unknown): Verdict => {
    const fault = jsonFault(output)
    if (fault !== null) return failed(wrongOutput(request.event, fault))
    deadline.end()
    return { outcome: { ok: true, output }, handled: true, change: draft.close(), spoilt: false }
  }
  return when(
    () =>
      handler.guard === null
        ? enter(true)
        : when(() => deadline.hold(handler.guard!(context)), enter, rethrow),
    (result) =>
      when(
        () => validate(contract.output, result),
        finish,
        (cause) => failed(wrongOutput(request.event, cause)),
      ),
    failed,
  )
}

function rethrow(error: unknown): never {
  throw error
}

/** Why JSON cannot hold an output: one that cannot travel would fail the append of everything behind it. */
function jsonFault(output: unknown): unknown {
  try {
    JSON.stringify(output)
    return null
  } catch (error) {
    return error
  }
}

function wrongOutput(event: string, cause: unknown): Error {
  return new Error(`The handler of '${event}' returned an output that its schema or JSON refuses.`, { cause })
}

const fail = (code: string, message: string, details?: unknown): never => {
  throw new InterplayError(code, message, { details })
}

function rejected(error: ErrorBody): Verdict {
  return { outcome: { ok: false, error }, handled: false, change: null, spoilt: false }
}

/** Expected failures travel as they are; a bug is logged with the event's id and reaches the caller as `internal`. */
function errorBody(error: unknown, logger: Logger, request: EventRequest): ErrorBody {
  if (error instanceof InterplayError) return error.toJSON()
  logger.error({ error: describe(error), event: request.event, eventId: request.id }, 'a handler threw')
  return {
    code: 'internal',
    message: `The handler of '${request.event}' failed; its log names event ${request.id}.`,
  }
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  return {
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && { cause: describe(error.cause) }),
  }
}
