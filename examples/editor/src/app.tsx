import { useIdentity, useRoomId } from '@interplay/example-kit'
import { DocumentPage } from './document-page.tsx'
import { RoomProvider } from './room.ts'

export function App() {
  const [documentId, open] = useRoomId('doc')
  const [user] = useIdentity()
  return (
    <RoomProvider params={{ documentId }} presence={{ user }}>
      <DocumentPage key={documentId} open={open} />
    </RoomProvider>
  )
}
