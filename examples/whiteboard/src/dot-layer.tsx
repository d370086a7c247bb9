import { getCommonBounds } from '@excalidraw/excalidraw'
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { useToast } from '@interplay/example-kit'
import { DotPill } from './dot-pill.tsx'
import { isVotable } from './element-label.ts'
import { useDispatch, useShared } from './room.ts'
import type { Session } from './session.ts'
import { useMeasured } from './use-measured.ts'

interface Place {
  readonly id: string
  /** In pixels from the canvas's top left corner, of the element's top right corner. */
  readonly left: number
  readonly top: number
}

/** The dots of a vote, each at its element; while the vote is open, to be clicked. */
export function DotLayer({ api, session }: { api: ExcalidrawImperativeAPI; session: Session | null }) {
  const vote = useShared((state) => state.vote)
  return vote && <Dots api={api} session={session} open={vote.open} />
}

function Dots({
  api,
  session,
  open,
}: {
  api: ExcalidrawImperativeAPI
  session: Session | null
  open: boolean
}) {
  const dots = useShared((state) => state.dots)
  const elements = useShared((state) => state.elements)
  const places = useMeasured(api, measurePlaces, isEqual)
  const dispatch = useDispatch()
  const toast = useToast()
  const run = (event: 'vote.cast' | 'vote.retract', elementId: string) =>
    dispatch(event, { elementId }).catch((error) => toast({ message: error.message, tone: 'warning' }))

  const most = Math.max(...Object.values(dots).map(sum))
  return (
    <div className="dot-layer">
      {places.map(({ id, left, top }) => {
        const placed = dots[id] ?? {}
        const count = sum(placed)
        if (!elements[id] || (!open && count === 0)) return null
        return (
          <div key={id} className="dot-place" style={{ translate: `${left}px ${top}px` }}>
            <DotPill
              id={id}
              elements={elements}
              count={count}
              mine={session ? (placed[session.userId] ?? 0) : 0}
              state={open ? 'open' : count === most ? 'winner' : 'closed'}
              onCast={() => run('vote.cast', id)}
              onRetract={() => run('vote.retract', id)}
            />
          </div>
        )
      })}
    </div>
  )
}

const sum = (placed: Readonly<Record<string, number>>) => Object.values(placed).reduce((a, b) => a + b, 0)

/** Where the votable elements are on the screen. */
function measurePlaces(api: ExcalidrawImperativeAPI): Place[] {
  const { scrollX, scrollY, zoom, width, height } = api.getAppState()
  return api
    .getSceneElements()
    .filter(isVotable)
    .map((element) => {
      const [, top, right] = getCommonBounds([element])
      return {
        id: element.id,
        left: Math.round((right + scrollX) * zoom.value),
        top: Math.round((top + scrollY) * zoom.value),
      }
    })
    .filter(({ left, top }) => left > 0 && left < width + 40 && top > -40 && top < height)
}

function isEqual(a: readonly Place[], b: readonly Place[]): boolean {
  const same = (place: Place, index: number) =>
    place.id === b[index]?.id && place.left === b[index].left && place.top === b[index].top
  return a.length === b.length && a.every(same)
}
