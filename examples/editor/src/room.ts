import type { InterplayError } from '@interplay/client'
import { roomHooks } from '@interplay/client/react'
import { useCallback, useSyncExternalStore } from 'react'
import { documentRoom } from '../document.ts'

export const { RoomProvider, useRoom, useShared, useOthers, useDispatch, useStatus } = roomHooks(documentRoom)

/** Why the server does not let this client in (any more), if so. Renders only when that changes, not with every save. */
export function useRefusal(): InterplayError | null {
  const room = useRoom()
  return useSyncExternalStore(
    useCallback((changed) => room.subscribe(changed), [room]),
    () => (room.status.at === 'refused' ? room.status.error : null),
  )
}

/** Whether this session may write. */
export function useWritable(): boolean {
  const room = useRoom()
  return useSyncExternalStore(
    useCallback((changed) => room.subscribe(changed), [room]),
    () => !room.readOnly && room.status.at !== 'refused',
  )
}
