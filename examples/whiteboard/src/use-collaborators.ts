import type { Collaborator, ExcalidrawImperativeAPI, SocketId } from '@excalidraw/excalidraw/types'
import { useEffect } from 'react'
import { useOthers } from './room.ts'

/** Lets Excalidraw show the selections and laser pointers of the others. Cursors are in `cursor-layer.tsx`. */
export function useCollaborators(api: ExcalidrawImperativeAPI | null): void {
  const others = useOthers()
  useEffect(() => {
    if (!api) return
    const collaborators = new Map<SocketId, Collaborator>()
    for (const { sessionId, presence } of others) {
      const { name, color, pointer, pressed, tool, selected } = presence
      const [x, y] = pointer ?? []
      collaborators.set(`${sessionId}` as SocketId, {
        id: idOfHue(color),
        username: name,
        button: pressed ? 'down' : 'up',
        selectedElementIds: Object.fromEntries(selected.map((id) => [id, true as const])),
        ...(x !== undefined &&
          y !== undefined && { pointer: { x, y, tool, renderCursor: false, laserColor: color } }),
      })
    }
    api.updateScene({ collaborators })
  }, [api, others])
}

/** Excalidraw takes the colour of a selection from the id: one of 37 hues, for one character its code modulo 37. */
function idOfHue(color: string): string {
  return String.fromCodePoint(74 + Math.round(hueOf(color) / 10))
}

/** Degrees, of a colour like `#844ce6`. */
function hueOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  const most = Math.max(red, green, blue)
  const spread = most - Math.min(red, green, blue)
  if (spread === 0) return 0
  if (most === red) return (((green - blue) / spread) * 60 + 360) % 360
  if (most === green) return ((blue - red) / spread) * 60 + 120
  return ((red - green) / spread) * 60 + 240
}
