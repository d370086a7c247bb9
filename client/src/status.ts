import type { InterplayError } from '@interplay/shared'
import type { ConnectionState } from './connection-state.ts'
import type { SessionState } from './session-state.ts'

/** Where a room stands, for the user to see. */
export type RoomStatus =
  /** The first sync is under way. */
  | { readonly at: 'connecting' }
  /** Everything is on the server, and durable. */
  | { readonly at: 'synced' }
  /** Connected; the server has not confirmed everything yet. */
  | ({ readonly at: 'unsaved' } & Unsaved)
  /** Not connected. Edits are kept and events wait. */
  | ({
      readonly at: 'offline'
      /** When the next attempt starts, in milliseconds since 1970; `null` while one is under way. */
      readonly retryAt: number | null
      /** Why, where it is known: no token, a server that is overloaded. */
      readonly error: InterplayError | null
    } & Unsaved)
  /** The server does not let this client in. Join again for a new attempt. */
  | { readonly at: 'refused'; readonly error: InterplayError }
  | { readonly at: 'left' }

export interface Unsaved {
  /** Edits (transactions) that the server has not confirmed as durable. */
  readonly edits: number
  /** Dispatched events that have no answer yet. */
  readonly events: number
  /** Since when, in milliseconds since 1970; `null` when there are none. */
  readonly since: number | null
}

/** Whether two statuses say the same. */
export function sameStatus(a: RoomStatus, b: RoomStatus): boolean {
  const keys = Object.keys(b) as (keyof RoomStatus)[]
  return Object.keys(a).length === keys.length && keys.every((key) => a[key] === b[key])
}

/** The status of a room, out of the states of its session and of the connection. */
export function roomStatus(
  session: SessionState,
  connection: ConnectionState,
  unsaved: Unsaved,
  /** Whether the room was synced, or an attempt failed, before. */
  started: boolean,
): RoomStatus {
  switch (session.at) {
    case 'refused':
      return { at: 'refused', error: session.error }
    case 'left':
      return { at: 'left' }
    case 'live':
      return unsaved.since === null ? { at: 'synced' } : { at: 'unsaved', ...unsaved }
    case 'waiting':
      return { at: 'offline', ...unsaved, retryAt: session.retryAt, error: session.error }
    default:
      if (!started) return { at: 'connecting' }
      return {
        at: 'offline',
        ...unsaved,
        retryAt: connection.at === 'waiting' ? connection.retryAt : null,
        error: null,
      }
  }
}
