import type { Room } from '@interplay/client'
import type { useToast } from '@interplay/example-kit'
import { useEffect } from 'react'
import type { board } from '../board.ts'
import { download } from './download.ts'

/** After the server refused a change: says why, and offers the drawing as it was here, as a file of Excalidraw. */
export function useRescue(room: Room<typeof board>, toast: ReturnType<typeof useToast>): void {
  useEffect(
    () =>
      room.onReset((error, before) => {
        const elements = Object.values(before.getMap('elements').toJSON())
        const drawing = JSON.stringify({ type: 'excalidraw', version: 2, elements })
        toast({
          message: `The server did not take your last change. ${error.message} You now see the board as it is there.`,
          tone: 'warning',
          visibleMs: 0,
          action: {
            label: 'Keep my drawing',
            run: () => download(new Blob([drawing], { type: 'application/json' }), 'my-drawing.excalidraw'),
          },
        })
      }),
    [room, toast],
  )
}
