import type { Actor } from '../events/context.ts'

/** An event that a webhook or a message from outside stands for. */
export interface IncomingEvent {
  /** The room's name: `roomName(board, { boardId })`. */
  readonly room: string
  readonly event: string
  readonly input?: unknown
  /** As whom it is dispatched; no `admit` is asked. @default { userId: 'hook:<name>' } or { userId: 'mqtt' } */
  readonly actor?: Actor
}
