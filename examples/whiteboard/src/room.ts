import { roomHooks } from '@interplay/client/react'
import { board } from '../board.ts'

export const { RoomProvider, useRoom, useShared, useOthers, useDispatch, useStatus } = roomHooks(board)
