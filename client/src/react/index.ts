export { ClientProvider, useClient } from './client-provider.ts'
export { type RoomHooks, type RoomProviderProps, roomHooks, type SetPresence } from './room-hooks.ts'
export type { Equal } from './use-selected.ts'
export type { Json } from './use-shared.ts'
