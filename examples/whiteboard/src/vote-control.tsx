import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import { BoardIcon } from './icon.tsx'
import { useDispatch, useShared } from './room.ts'
import type { Session } from './session.ts'
import { useWarning } from './use-warning.ts'
import { type Tally, tally } from './votes.ts'

const dotsEach = [1, 3, 5]
const ranksShown = 5

export interface VoteControlProps {
  api: ExcalidrawImperativeAPI | null
  session: Session | null
}

/** The dot vote: opened, closed and cleared by anybody; its panel shows the results. */
export function VoteControl({ api, session }: VoteControlProps) {
  const vote = useShared((state) => state.vote)
  const votes = useShared((state) => (state.vote.get() ? tally(state, session?.userId) : null))
  const left = vote && votes ? Math.max(0, vote.dotsEach - votes.mine) : 0
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
        {!vote || !votes ? (
          <OpenVote />
        ) : vote.open ? (
          <RunningVote title={left === 0 ? 'All your dots are placed' : label} votes={votes} />
        ) : (
          <Results votes={votes} api={api} />
        )}
      </div>
    </>
  )
}

function OpenVote() {
  const dispatch = useDispatch()
  const warn = useWarning()
  return (
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
  )
}

function RunningVote({ title, votes }: { title: string; votes: Tally }) {
  const dispatch = useDispatch()
  const warn = useWarning()
  return (
    <>
      <h2>{title}</h2>
      <p className="soft">Use the + at a shape or text to place one. {progress(votes)}</p>
      <button
        type="button"
        className="button button-primary"
        onClick={() => dispatch('vote.close').catch(warn)}
      >
        Close the vote
      </button>
    </>
  )
}

function Results({ votes, api }: { votes: Tally; api: ExcalidrawImperativeAPI | null }) {
  const dispatch = useDispatch()
  const warn = useWarning()
  return (
    <>
      <h2>Results</h2>
      {votes.dots === 0 && <p className="soft">Nobody placed a dot.</p>}
      <ol className="ranks">
        {votes.ranks.slice(0, ranksShown).map(({ id, label, count }) => (
          <li key={id}>
            <button type="button" onClick={() => showElement(api, id)}>
              <span className="rank-label">{label}</span>
              <span className="dot-pill">
                <i className="dot" />
                {count}
              </span>
            </button>
          </li>
        ))}
      </ol>
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
  )
}

function progress({ dots, people }: Tally): string {
  if (dots === 0) return 'No dots yet.'
  return `${dots} ${dots === 1 ? 'dot' : 'dots'} by ${people} ${people === 1 ? 'person' : 'people'} so far.`
}

function showElement(api: ExcalidrawImperativeAPI | null, id: string): void {
  const element = api?.getSceneElements().find((candidate) => candidate.id === id)
  if (element) api?.scrollToContent(element, { animate: true })
}
