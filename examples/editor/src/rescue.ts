import type { Room } from '@interplay/client'
import type { useToast } from '@interplay/example-kit'
import { useEffect } from 'react'
import type { documentRoom } from '../document.ts'

/** After the server refused a change: says why, and offers the text as it was here. */
export function useRescue(room: Room<typeof documentRoom>, toast: ReturnType<typeof useToast>): void {
  useEffect(
    () =>
      room.onReset((error, before) => {
        const mine = before
          .getXmlFragment('content')
          .toJSON()
          .replace(/<[^>]*>/g, '\n')
        toast({
          message: `The server did not take your last change. ${error.message} You now see the document as it is there.`,
          tone: 'warning',
          visibleMs: 0,
          action: { label: 'Copy my text', run: () => void navigator.clipboard?.writeText(mine.trim()) },
        })
      }),
    [room, toast],
  )
}
