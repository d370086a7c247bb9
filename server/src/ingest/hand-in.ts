import { InterplayError } from '@interplay/shared'
import { maxEventIdLength, type Outcome } from '@interplay/shared/protocol'
import type { EventRequest } from '../events/dispatch.ts'
import type { Room } from '../room/room.ts'

/** An event that was handed to a room from outside a session. */
export interface HandedIn {
  /** Resolves once the effect is durable. Rejects with `unavailable` if the room closed before: the event may run yet. */
  readonly outcome: Promise<Outcome>
  /**
   * The room refused it in this very turn, and the refusal may pass: the event did not run, nothing is stored under its
   * id. An outcome that comes later may be a stored one, which stays what it is however often it is asked for.
   */
  readonly refused: boolean
}

/** Dispatches an event that belongs to no session. */
export function handIn(room: Room, { id, event, input, actor }: Omit<EventRequest, 'sessionId'>): HandedIn {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  let refused = false
  let now = true
  room.dispatch(
    { id, event, input, actor, sessionId: null },
    {
      answered: (outcome) => {
        refused = now && !outcome.ok && InterplayError.from(outcome.error).retry
        resolve(outcome)
      },
      lost: reject,
    },
  )
  now = false
  return { outcome: promise, refused }
}

/** Throws `malformed` unless it is a usable event id. `what` names it in the message. */
export function checkEventId(id: string, what: string): string {
  if (id.length > 0 && id.length <= maxEventIdLength && id.isWellFormed()) return id
  throw new InterplayError('malformed', `${what} has 1 to ${maxEventIdLength} characters.`)
}
