import { getCommonBounds } from '@excalidraw/excalidraw'
import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { DotPill } from './dot-pill.tsx'
import { isVotable, labelOf } from './element-label.ts'
import { useDispatch, useShared } from './room.ts'
import type { Session } from './session.ts'
import { useMeasured } from './use-measured.ts'
import { useWarning } from './use-warning.ts'
import { countDots } from './votes.ts'

/** The dots of a vote, each at its element; while the vote is open, to be clicked. */
export function DotLayer({ api, session }: { api: ExcalidrawImperativeAPI; session: Session | null }) {
  const vote = useShared((state) => state.vote)
  return vote && <Dots api={api} session={session} open={vote.open} />
}

interface DotsProps {
  api: ExcalidrawImperativeAPI
  session: Session | null
  open: boolean
}

function Dots({ api, session, open }: DotsProps) {
  const dots = useShared((state) => state.dots)
  const places = useMeasured(api, measurePlaces, isEqual)
  const dispatch = useDispatch()
  const warn = useWarning()
  const run = (event: 'vote.cast' | 'vote.retract', elementId: string) =>
    dispatch(event, { elementId }).catch(warn)

  const most = Math.max(...Object.values(dots).map(countDots))
  return (
    <div className="dot-layer">
      {places.map(({ id, label, left, top }) => {
        const placed = dots[id] ?? {}
        const count = countDots(placed)
        if (!open && count === 0) return null
        return (
          <div key={id} className="dot-place" style={{ translate: `${left}px ${top}px` }}>
            <DotPill
              label={label}
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

interface Place {
  readonly id: string
  readonly label: string
  /** In pixels from the canvas's top left corner, of the element's top right corner. */
  readonly left: number
  readonly top: number
}

/** Where the votable elements are on the screen. */
function measurePlaces(api: ExcalidrawImperativeAPI): Place[] {
  const { scrollX, scrollY, zoom, width, height } = api.getAppState()
  const elements = api.getSceneElements()
  const byId = new Map(elements.map((element) => [element.id, element]))
  return elements
    .filter(isVotable)
    .map((element) => {
      const [, top, right] = getCommonBounds([element])
      return {
        id: element.id,
        label: labelOf(element.id, (id) => byId.get(id)),
        left: Math.round((right + scrollX) * zoom.value),
        top: Math.round((top + scrollY) * zoom.value),
      }
    })
    .filter(({ left, top }) => left > 0 && left < width + 40 && top > -40 && top < height)
}

function isEqual(a: readonly Place[], b: readonly Place[]): boolean {
  const same = (place: Place, at: number) =>
    place.id === b[at]?.id &&
    place.label === b[at].label &&
    place.left === b[at].left &&
    place.top === b[at].top
  return a.length === b.length && a.every(same)
}
