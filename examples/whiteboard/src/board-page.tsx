import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { RefusedNotice, useIdentity, useToast } from '@interplay/example-kit'
import { lazy, Suspense, useEffect, useState } from 'react'
import { BoardBar } from './board-bar.tsx'
import { CanvasMissing, CanvasSkeleton } from './canvas-skeleton.tsx'
import { useRescue } from './rescue.ts'
import { useRoom, useStatus } from './room.ts'
import { useSession } from './session.ts'

// Excalidraw looks for its fonts below this path, and on a CDN without it. It must be known before Excalidraw starts.
window.EXCALIDRAW_ASSET_PATH = new URL('./', location.href).href

// Excalidraw is fetched while the room is joined.
const canvas = import('./canvas.tsx').then(
  ({ Canvas }) => ({ default: Canvas }),
  () => ({ default: CanvasMissing }),
)
const Canvas = lazy(() => canvas)

/** A board: its bar, and the drawing as soon as Excalidraw and the server's state are here. */
export function BoardPage({ open }: { open: (boardId: string) => void }) {
  const room = useRoom()
  const status = useStatus()
  const session = useSession()
  const ready = useReady()
  const [me] = useIdentity()
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null)

  useEffect(() => room.presence.update(me), [room, me])
  useRescue(room, useToast())
  useWarningBeforeClose(
    status.at === 'unsaved' || (status.at === 'offline' && status.edits + status.events > 0),
  )

  return (
    <div className="board">
      <BoardBar open={open} api={api} session={session} />
      <main className="board-canvas">
        {status.at === 'refused' && !ready ? (
          <RefusedNotice error={status.error} />
        ) : ready ? (
          <Suspense fallback={<CanvasSkeleton />}>
            <Canvas session={session} onReady={setApi} />
          </Suspense>
        ) : (
          <CanvasSkeleton />
        )}
      </main>
    </div>
  )
}

function useReady(): boolean {
  const room = useRoom()
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let current = true
    room.ready.then(
      () => current && setReady(true),
      () => {},
    )
    return () => {
      current = false
    }
  }, [room])
  return ready
}

/** Changes that only this page has are lost with it: the browser asks first. */
function useWarningBeforeClose(unsaved: boolean): void {
  useEffect(() => {
    if (!unsaved) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [unsaved])
}
