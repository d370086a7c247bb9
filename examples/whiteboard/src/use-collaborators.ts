import type { Collaborator, ExcalidrawImperativeAPI, SocketId } from '@excalidraw/excalidraw/types'
import { useEffect } from 'react'
import { useOthers } from './room.ts'

/** Shows the cursors and selections of the others. */
export function useCollaborators(api: ExcalidrawImperativeAPI | null): void {
  const others = useOthers()
  useEffect(() => {
    if (!api) return
    const collaborators = new Map<SocketId, Collaborator>()
    for (const { sessionId, presence } of others) {
      const { name, color, pointer, pressed, tool, selected } = presence
      collaborators.set(`${sessionId}` as SocketId, {
        id: `${sessionId}`,
        username: name,
        color: { background: color, stroke: color },
        button: pressed ? 'down' : 'up',
        selectedElementIds: Object.fromEntries(selected.map((id) => [id, true as const])),
        ...(pointer && { pointer: { x: pointer[0], y: pointer[1], tool } }),
      })
    }
    api.updateScene({ collaborators })
  }, [api, others])
}
