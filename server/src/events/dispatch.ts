import { type AnyRoom, type EventDefinition, InterplayError, validate } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'
import type { Actor } from './context.ts'
import { type AnyContext, type AnyHandler, type AnyImplementation, handlerOf } from './implement.ts'
import { compose } from './middleware.ts'
import { Context, errorBody, type Ran, type RunPlace, runOnDraft } from './run.ts'
import { when } from './when.ts'

/** One event as it reached its room. */
export interface EventRequest {
  readonly id: string
  readonly event: string
  readonly input: unknown
  readonly actor: Actor
  readonly sessionId: string | null
}

/** `handled` tells whether the event's code came to its handler: only then its outcome is the outcome of its id. */
export interface Verdict extends Ran {
  readonly handled: boolean
}

class EventRun extends Context {
  id = ''
  event = ''
  input: unknown
  actor: Actor = { userId: '' }
  sessionId: string | null = null
}

/** Runs one event on a draft: validate, middleware, guard, handler, validate the output. Never throws or rejects. */
export function runEvent(
  implementation: AnyImplementation,
  request: EventRequest,
  place: RunPlace,
): Verdict | Promise<Verdict> {
  const { definition } = implementation
  const handler = handlerOf(implementation, request.event)
  const contract = Object.hasOwn(definition.events, request.event) ? definition.events[request.event]! : null
  if (!handler) return rejected(unknownEvent(definition, request.event))
  return when(
    () => (contract ? validate(contract.input, request.input) : request.input),
    (input) => handle(implementation, contract, handler, request, input, place),
    (error) => rejected(errorBody(error, `The input schema of '${request.event}'`, place)),
  )
}

function handle(
  implementation: AnyImplementation,
  contract: EventDefinition | null,
  handler: AnyHandler,
  request: EventRequest,
  input: unknown,
  place: RunPlace,
): Verdict | Promise<Verdict> {
  let handled = false
  /** The event is over: nothing of it may begin any more. */
  let assertOpen = () => {}
  const enter = (context: AnyContext) => {
    handled = true
    return handler.handle(context)
  }
  const guarded = (context: AnyContext): unknown => {
    if (!handler.guard) return enter(context)
    return when(
      () => handler.guard!(context),
      (mayPass) => {
        if (!mayPass) throw new InterplayError('forbidden', `You may not dispatch '${request.event}' here.`)
        return enter(context)
      },
      rethrow,
    )
  }
  const { use } = implementation.code
  const middlewares = use.length + handler.use.length === 0 ? null : [...use, ...handler.use]
  const ran = runOnDraft(
    `The handler of '${request.event}'`,
    handler.deadlineMs === null ? place : { ...place, deadlineMs: handler.deadlineMs },
    (draft, deadline) => {
      assertOpen = () => {
        if (!draft.open) throw deadline.error ?? new Error('This event has ended: next() comes too late.')
      }
      const context = new EventRun(implementation, place, draft, deadline)
      context.id = request.id
      context.event = request.event
      context.input = input
      context.actor = request.actor
      context.sessionId = request.sessionId
      return context
    },
    (run) => {
      const context = run as unknown as AnyContext
      if (!middlewares) return guarded(context)
      return compose(middlewares, context, () => {
        assertOpen()
        return guarded(context)
      })
    },
    contract ? (output) => checkOutput(contract, output, request.event) : undefined,
  )
  const judge = (done: Ran): Verdict => ({ ...done, handled: handled || done.outcome.ok })
  return ran instanceof Promise ? ran.then(judge) : judge(ran)
}

function checkOutput({ output: schema }: EventDefinition, output: unknown, event: string): unknown {
  const refuse = (cause: unknown): never => {
    throw new Error(`The handler of '${event}' returned an output that its schema refuses.`, { cause })
  }
  return when(
    () => validate(schema, output),
    (checked) => checked,
    refuse,
  )
}

function rethrow(error: unknown): never {
  throw error
}

function unknownEvent({ events, pattern }: AnyRoom, event: string) {
  const names = Object.keys(events).join(', ') || 'none'
  return { code: 'unknown-event', message: `No event '${event}' in '${pattern}'. It has: ${names}.` }
}

function rejected(error: Extract<Outcome, { ok: false }>['error']): Verdict {
  return {
    outcome: { ok: false, error },
    handled: false,
    change: null,
    signals: [],
    tasks: [],
  }
}
