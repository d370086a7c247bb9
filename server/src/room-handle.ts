import {
  type AnyRoom,
  type EventInput,
  type EventName,
  type EventOutput,
  InterplayError,
  type ParamsOf,
  roomName,
  type StateJson,
} from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'
import type { Actor, RoomContext } from './events/context.ts'
import { stateOf } from './http/state-of.ts'
import { checkEventId } from './ingest/hand-in.ts'
import type { Registry } from './room/registry.ts'

export interface ServerDispatchOptions {
  /** The event id: with the same one it runs once. @default a fresh id */
  readonly id?: string
  /** As whom. @default { userId: 'server' } */
  readonly actor?: Actor
}

/** A room as the code around the server sees it: nobody is asked whether it may. */
export interface RoomHandle<R extends AnyRoom> {
  readonly name: string
  /** Resolves to the output once the effect is durable. Rejects with the event's typed error. */
  dispatch<E extends EventName<R>>(
    event: E,
    ...[input, options]: undefined extends EventInput<R, E>
      ? [input?: EventInput<R, E>, options?: ServerDispatchOptions]
      : [input: EventInput<R, E>, options?: ServerDispatchOptions]
  ): Promise<EventOutput<R, E>>
  /** Runs a step: all of it takes effect, durably, before the promise resolves to what it returned; or nothing of it. */
  change<T>(step: (context: RoomContext<R>) => T | Promise<T>): Promise<T>
  /** The state as plain JSON. */
  state(): Promise<StateJson<R>>
}

/** A room that is known by its name only: what events take and answer is checked when they run. */
export interface NamedRoom {
  readonly name: string
  dispatch(event: string, input?: unknown, options?: ServerDispatchOptions): Promise<unknown>
  state(): Promise<unknown>
}

export function createRoomHandle<R extends AnyRoom>(
  registry: Registry,
  definition: R,
  params: ParamsOf<R>,
): RoomHandle<R> {
  const named = createNamedRoom(registry, roomName(definition, params))
  return {
    ...named,
    dispatch: (event, ...[input, options]) => named.dispatch(event, input, options) as never,
    change: (step) => registry.use(named.name, (room) => room.change(step as never, 'server') as never),
    state: () => named.state() as Promise<StateJson<R>>,
  }
}

export function createNamedRoom(registry: Registry, name: string): NamedRoom {
  return {
    name,
    async dispatch(event, input, { id = newEventId(), actor = { userId: 'server' } } = {}) {
      checkEventId(id, 'An event id')
      const outcome = await registry.dispatch(name, { id, event, input, actor, sessionId: null })
      if (!outcome.ok) throw InterplayError.from(outcome.error)
      return outcome.output
    },
    state: () => registry.use(name, (room) => stateOf(room)),
  }
}
