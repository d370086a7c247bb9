import { useIdentity, useRoomId } from '@interplay/example-kit'
import { BoardPage } from './board-page.tsx'
import { RoomProvider } from './room.ts'

export function App() {
  const [boardId, open] = useRoomId('board')
  const [me] = useIdentity()
  const presence = { ...me, pointer: null, pressed: false, tool: 'pointer' as const, selected: [] }
  return (
    <RoomProvider params={{ boardId }} presence={presence}>
      <BoardPage key={boardId} open={open} />
    </RoomProvider>
  )
}
