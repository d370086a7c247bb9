import { roomHooks } from '@interplay/client/react'
import { documentRoom } from '../document.ts'

export const { RoomProvider, useRoom, useShared, useOthers, useDispatch, useStatus } = roomHooks(documentRoom)
