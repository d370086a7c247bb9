import {
  type AnyRoom,
  type EventName,
  type EventResult,
  InterplayError,
  type StateOf,
} from '@interplay/shared'
import type { Actor, EventContext } from '../events/context.ts'
import { applyOperations } from './apply.ts'
import type { RemoteReply } from './reply.ts'
import { Service, type ServiceOptions } from './service.ts'

export interface RemoteOptions<R extends AnyRoom> extends ServiceOptions {
  /** Fields of the state that are sent along, as JSON. @default [] */
  readonly state?: readonly (keyof R['state'] & string)[]
}

/** A handler that works elsewhere. */
export type RemoteHandler<R extends AnyRoom, E extends EventName<R>, A extends Actor> = (
  context: EventContext<R, E, A>,
) => Promise<EventResult<R, E>>

/**
 * A handler that an HTTP service in any language answers: `'note.tag': remote({ url, secret, state: ['notes'] })`. The
 * changes it asks for take effect together with its output, or not at all; `docs/guides/remote-handlers.md` has the
 * protocol. Rejects with the error that the service answered, with `unavailable` when it cannot answer, and with
 * `internal` when its answer is refused. Throws a `TypeError` on options that cannot work.
 */
export function remote<R extends AnyRoom, E extends EventName<R>, A extends Actor>(
  options: RemoteOptions<R>,
): RemoteHandler<R, E, A> {
  const service = new Service(options)
  const fields = options.state ?? []
  return async (context) => {
    const { id, event, input, actor, state, room, params, logger, abortSignal } = context
    const message = { id, event, input, actor, room, params, state: pick(state, fields) }
    let reply: RemoteReply
    try {
      reply = await service.ask(message, abortSignal)
      if (reply.at === 'done') applyOperations(state, reply.operations)
    } catch (error) {
      if (error instanceof InterplayError) {
        const level = error.code === 'internal' ? 'error' : 'warn'
        logger[level](
          { error: error.message, event, eventId: id, url: service.url },
          'a remote handler failed',
        )
      }
      throw error
    }
    if (reply.at === 'failed') throw reply.error
    return reply.output as EventResult<R, E>
  }
}

function pick<R extends AnyRoom>(state: StateOf<R>, fields: readonly string[]): Record<string, unknown> {
  const views = state as Readonly<Record<string, { toJSON(): unknown }>>
  return Object.fromEntries(fields.map((field) => [field, views[field]!.toJSON()]))
}
