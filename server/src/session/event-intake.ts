import { type Dispatch, maxEventIdLength, type Outcome } from '@interplay/shared/protocol'
import type { Actor } from '../events/context.ts'
import type { Room } from '../room/room.ts'

/** Events of one session that may wait for their answers: one that sends more does not fill the inbox for the others. */
const maxUnanswered = 512

/** Events of one session, on their way into the room's inbox. */
export class EventIntake {
  readonly #room: Room
  readonly #sessionId: string
  readonly #reply: (eventId: string, outcome: Outcome) => void
  #unanswered = 0

  constructor(room: Room, sessionId: string, reply: (eventId: string, outcome: Outcome) => void) {
    this.#room = room
    this.#sessionId = sessionId
    this.#reply = reply
  }

  take({ eventId, event, input }: Dispatch, actor: Actor): void {
    if (eventId.length === 0 || eventId.length > maxEventIdLength) {
      const message = `An event id has 1 to ${maxEventIdLength} characters.`
      return this.#refuse(eventId.slice(0, maxEventIdLength), 'malformed', message)
    }
    if (this.#unanswered >= maxUnanswered) {
      const message = `${maxUnanswered} events of this session wait for their answers. Dispatch it again later.`
      return this.#refuse(eventId, 'overloaded', message)
    }
    this.#unanswered += 1
    this.#room.dispatch(
      { id: eventId, event, input, actor, sessionId: this.#sessionId },
      {
        answered: (outcome) => {
          this.#unanswered -= 1
          this.#reply(eventId, outcome)
        },
        // The client comes back, and asks with the same id.
        lost: () => {
          this.#unanswered -= 1
        },
      },
    )
  }

  #refuse(eventId: string, code: string, message: string): void {
    this.#reply(eventId, { ok: false, error: { code, message } })
  }
}
