import { Excalidraw, MainMenu, WelcomeScreen } from '@excalidraw/excalidraw'
import '@excalidraw/excalidraw/index.css'
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { useToast } from '@interplay/example-kit'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type Binding, bindScene } from './binding.ts'
import { CursorLayer } from './cursor-layer.tsx'
import { DotLayer } from './dot-layer.tsx'
import { excalidrawEditor, restore } from './excalidraw-editor.ts'
import { createPresenceSender } from './presence-sender.ts'
import { useRoom } from './room.ts'
import type { Session } from './session.ts'
import { useCollaborators } from './use-collaborators.ts'
import { useDarkMode } from './use-dark-mode.ts'

export interface CanvasProps {
  session: Session | null
  /** Called once the drawing is shown. */
  onReady: (api: ExcalidrawImperativeAPI | null) => void
}

/** Excalidraw, bound to the room. */
export function Canvas({ session, onReady }: CanvasProps) {
  const room = useRoom()
  const dark = useDarkMode()
  const [api, setApi] = useState<ExcalidrawImperativeAPI | null>(null)
  const [loaded, setLoaded] = useState(false)
  const changed = useBinding(loaded ? api : null)
  const presence = usePresenceSender()
  useCollaborators(api)

  useEffect(() => {
    if (!loaded || !api) return
    // The whole drawing, on a phone too. An empty one would be shown at 10 %.
    if (api.getSceneElements().length > 0) api.scrollToContent(undefined, { fitToContent: true })
    onReady(api)
    return () => onReady(null)
  }, [loaded, api, onReady])

  return (
    <div
      className="excalidraw-frame"
      onPointerLeave={() => presence.update({ pointer: null, pressed: false })}
    >
      <Excalidraw
        excalidrawAPI={setApi}
        initialData={() => ({
          elements: [...room.state.elements.values()].flatMap(restore),
          appState: { showWelcomeScreen: true },
        })}
        onChange={(_, { selectedElementIds }) => {
          // Called for the first time when the initial drawing is there.
          setLoaded(true)
          changed()
          presence.select(selectedElementIds)
        }}
        onPointerUpdate={({ pointer: { x, y, tool }, button }) =>
          presence.update({ pointer: [Math.round(x), Math.round(y)], tool, pressed: button === 'down' })
        }
        theme={dark ? 'dark' : 'light'}
        viewModeEnabled={room.readOnly}
        isCollaborating
        handleKeyboardGlobally
        autoFocus
        aiEnabled={false}
        validateEmbeddable={false}
        UIOptions={{
          canvasActions: { changeViewBackgroundColor: false, loadScene: false, saveToActiveFile: false },
        }}
      >
        <MainMenu>
          <MainMenu.DefaultItems.SaveAsImage />
          <MainMenu.DefaultItems.Export />
          <MainMenu.DefaultItems.SearchMenu />
          <MainMenu.DefaultItems.ClearCanvas />
          <MainMenu.Separator />
          <MainMenu.DefaultItems.Help />
        </MainMenu>
        <WelcomeScreen>
          <WelcomeScreen.Center>
            <WelcomeScreen.Center.Heading>
              Pick a tool and draw.
              <br />
              Whoever has the link is on this board too.
            </WelcomeScreen.Center.Heading>
          </WelcomeScreen.Center>
        </WelcomeScreen>
      </Excalidraw>
      {loaded && api && (
        <>
          <DotLayer api={api} session={session} />
          <CursorLayer api={api} />
        </>
      )}
    </div>
  )
}

/** Binds the scene to the room's document, and anew when that was replaced. Returns what to call after a change. */
function useBinding(api: ExcalidrawImperativeAPI | null): () => void {
  const room = useRoom()
  const { doc } = room
  const toast = useToast()
  const binding = useRef<Binding | null>(null)

  useEffect(() => {
    if (!api) return
    // What was undone in the document before is not to be redone in this one.
    api.history.clear()
    binding.current = bindScene(
      excalidrawEditor(api),
      { doc, state: room.state },
      {
        onRefused: () =>
          toast({
            message: 'That could not be shared: images may have 1 MB at most. It was taken off the board.',
            tone: 'warning',
          }),
      },
    )
    return () => {
      binding.current?.stop()
      binding.current = null
    }
  }, [api, room, doc, toast])

  return useCallback(() => binding.current?.changed(), [])
}

function usePresenceSender() {
  const room = useRoom()
  const sender = useMemo(() => createPresenceSender(room.presence), [room])
  useEffect(() => sender.stop, [sender])
  return sender
}
