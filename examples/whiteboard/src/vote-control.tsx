import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { useToast } from '@interplay/example-kit'
import { labelOf } from './element-label.ts'
import { BoardIcon } from './icon.tsx'
import { useDispatch, useShared } from './room.ts'
import type { Session } from './session.ts'
import { countDots, rank } from './votes.ts'

const dotsEach = [1, 3, 5]
const ranksShown = 5

/** The dot vote: opened, closed and cleared by anybody; its panel shows the results. */
export function VoteControl({
  api,
  session,
}: {
  api: ExcalidrawImperativeAPI | null
  session: Session | null
}) {
  const vote = useShared((state) => state.vote)
  const elements = useShared((state) => state.elements)
  const dots = useShared((state) => state.dots)
  const dispatch = useDispatch()
  const toast = useToast()
  const warn = (error: Error) => toast({ message: error.message, tone: 'warning' })

  const onBoard = Object.fromEntries(Object.entries(dots).filter(([id]) => elements[id]))
  const placed = session ? countDots(onBoard, session.userId) : 0
  const left = vote ? Math.max(0, vote.dotsEach - placed) : 0
  const label = !vote ? 'Dot vote' : vote.open ? `${left} of ${vote.dotsEach} dots left` : 'Results'

  return (
    <>
      <button
        type="button"
        className="button control"
        data-state={vote ? 'running' : 'idle'}
        popoverTarget="vote-panel"
        aria-label={vote?.open ? `Dot vote: ${label}` : label}
      >
        <BoardIcon name="vote" />
        <span className="wide-text">{label}</span>
        {vote?.open && <span className="narrow-text">{left} left</span>}
      </button>
      <div
        id="vote-panel"
        popover="auto"
        role="dialog"
        aria-label="Dot vote"
        className="popover control-panel"
      >
        {!vote && (
          <>
            <h2>Open a dot vote</h2>
            <p className="soft">Everybody places dots on what they like best. How many each?</p>
            <div className="choices">
              {dotsEach.map((count) => (
                <button
                  key={count}
                  type="button"
                  className="button"
                  popoverTarget="vote-panel"
                  popoverTargetAction="hide"
                  onClick={() => dispatch('vote.open', { dotsEach: count }).catch(warn)}
                >
                  {count} {count === 1 ? 'dot' : 'dots'}
                </button>
              ))}
            </div>
          </>
        )}
        {vote?.open && (
          <>
            <h2>{left === 0 ? 'All your dots are placed' : label}</h2>
            <p className="soft">Use the + at a shape or text to place one. {progress(onBoard)}</p>
            <button
              type="button"
              className="button button-primary"
              onClick={() => dispatch('vote.close').catch(warn)}
            >
              Close the vote
            </button>
          </>
        )}
        {vote && !vote.open && (
          <>
            <h2>Results</h2>
            <ol className="ranks">
              {rank(onBoard)
                .slice(0, ranksShown)
                .map(({ id, count }) => (
                  <li key={id}>
                    <button type="button" onClick={() => showElement(api, id)}>
                      <span className="rank-label">{labelOf(id, elements)}</span>
                      <span className="dot-pill">
                        <i className="dot" />
                        {count}
                      </span>
                    </button>
                  </li>
                ))}
            </ol>
            {rank(onBoard).length === 0 && <p className="soft">Nobody placed a dot.</p>}
            <button
              type="button"
              className="button"
              popoverTarget="vote-panel"
              popoverTargetAction="hide"
              onClick={() => dispatch('vote.clear').catch(warn)}
            >
              Clear the dots
            </button>
          </>
        )}
      </div>
    </>
  )
}

function progress(dots: Parameters<typeof rank>[0]): string {
  const count = rank(dots).reduce((sum, { count }) => sum + count, 0)
  const people = new Set(Object.values(dots).flatMap(Object.keys)).size
  if (count === 0) return 'No dots yet.'
  return `${count} ${count === 1 ? 'dot' : 'dots'} by ${people} ${people === 1 ? 'person' : 'people'} so far.`
}

function showElement(api: ExcalidrawImperativeAPI | null, id: string): void {
  const element = api?.getSceneElements().find((candidate) => candidate.id === id)
  if (element) api?.scrollToContent(element, { animate: true })
}
