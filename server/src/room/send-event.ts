import { InterplayError } from '@interplay/shared'
import { newEventId, type Outcome } from '@interplay/shared/protocol'
import type { Actor } from '../events/context.ts'
import { backoffMs, type EventTask } from '../jobs/task.ts'
import type { Sent } from './outbox.ts'

export interface EventSending {
  readonly clock: () => number
  /** Rejects if the room cannot be opened, or closes before the answer. */
  dispatch(room: string, id: string, event: string, input: unknown, actor: Actor): Promise<Outcome>
}

/** A room that cannot be reached is waited for, some eight hours; one that says no for now, about a minute. */
const unreached = { attempts: 20, backoffMs: 500 }
const refused = { attempts: 8, backoffMs: 500 }

/**
 * Dispatches an event to another room. While nobody knows what became of it, it keeps its id, so that it cannot run twice. One
 * that was answered with an error has had no effect, and its id has that answer for good: the next attempt has another.
 */
export async function sendEvent(task: EventTask, { clock, dispatch }: EventSending): Promise<Sent> {
  const { room, event, input, eventId, userId } = task
  let outcome: Outcome
  let isAnswered = true
  try {
    outcome = await dispatch(room, eventId, event, input, { userId })
  } catch (thrown) {
    isAnswered = false
    const error =
      thrown instanceof InterplayError ? thrown : new InterplayError('unavailable', String(thrown))
    outcome = { ok: false, error: error.toJSON() }
  }
  if (outcome.ok) return { at: 'sent' }
  const { code, message } = outcome.error
  const failures = task.failures + 1
  const id = isAnswered ? newEventId(clock()) : eventId
  const failed: EventTask = { ...task, failures, eventId: id, error: `${code}: ${message}` }
  const retry = isAnswered ? refused : unreached
  if (!InterplayError.from(outcome.error).retry || failures >= retry.attempts)
    return { at: 'dead', task: failed }
  return { at: 'retry', task: failed, notBefore: clock() + backoffMs(failures, retry) }
}
