export { InterplayError } from '@interplay/shared'
export {
  type Client,
  type ClientOptions,
  createClient,
  type WebSocketConstructor,
  type WebSocketLike,
} from './client.ts'
export type { History } from './history.ts'
export type { Other, Others, Presence, PresenceState } from './presence.ts'
export type { DispatchArgs, DispatchOptions, JoinOptions, OpenRoom, Room } from './room.ts'
export type { RoomStatus, Unsaved } from './status.ts'
