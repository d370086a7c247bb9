import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { readableInk } from '@interplay/example-kit'
import { useOthers } from './room.ts'
import { useMeasured } from './use-measured.ts'

/** The cursors of the others, in their colours; Excalidraw would choose colours of its own. */
export function CursorLayer({ api }: { api: ExcalidrawImperativeAPI }) {
  const others = useOthers()
  const { left, top, zoom } = useMeasured(api, measureView, isEqual)
  return (
    <div className="cursor-view" aria-hidden="true">
      <div className="cursor-layer" style={{ translate: `${left}px ${top}px` }}>
        {others.map(({ sessionId, presence: { name, color, pointer, tool } }) => {
          if (!pointer || tool === 'laser') return null
          const [x, y] = pointer
          return (
            <div key={sessionId} className="cursor" style={{ translate: `${x * zoom}px ${y * zoom}px` }}>
              <svg aria-hidden="true" width="18" height="20" fill={color} stroke="#fff" strokeWidth="1.5">
                <path d="M2 2l4.6 15.2 3.1-6.4 6.5-2.6z" strokeLinejoin="round" />
              </svg>
              <span style={{ background: color, color: readableInk(color) }}>{name}</span>
            </div>
          )
        })}
      </div>
    </div>
  )
}

interface View {
  readonly left: number
  readonly top: number
  readonly zoom: number
}

function measureView(api: ExcalidrawImperativeAPI): View {
  const { scrollX, scrollY, zoom } = api.getAppState()
  return { left: scrollX * zoom.value, top: scrollY * zoom.value, zoom: zoom.value }
}

function isEqual(a: View, b: View): boolean {
  return a.left === b.left && a.top === b.top && a.zoom === b.zoom
}
