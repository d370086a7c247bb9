import type { InterplayError } from '@interplay/shared'
import type { Outcome } from '@interplay/shared/protocol'

/** Whom a line speaks for: a session, by the name its client has for the room. */
export interface Addressee {
  readonly key: string
}

/** The socket behind a session. It carries many. */
export interface Line {
  readonly request: Request
  readonly readyState: number
  /** Its reader is slow: what can be told later, in one piece, is not told now. */
  readonly isBehind: boolean
  /** Sends a Hocuspocus frame. */
  send(frame: Uint8Array): void
  /** Sends a runtime frame, if the client speaks them. */
  sendRuntime(frame: Uint8Array): void
  /** Says why a join or a write was refused, in whatever words its dialect has. */
  refused(scope: 'join' | 'write', error: InterplayError, session: Addressee): void
  reply(eventId: string, outcome: Outcome, session: Addressee): void
  /** The session is over; the socket lives on. */
  ended(session: Addressee): void
}
