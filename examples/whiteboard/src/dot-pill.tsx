export interface DotPillProps {
  /** What the dots are for. */
  label: string
  count: number
  /** Dots of one's own among them. */
  mine: number
  state: 'open' | 'closed' | 'winner'
  onCast: () => void
  onRetract: () => void
}

/** The dots on one element: how many, and while the vote is open the buttons to place one or take it back. */
export function DotPill({ label, count, mine, state, onCast, onRetract }: DotPillProps) {
  const dots = `${count} ${count === 1 ? 'dot' : 'dots'}`
  if (state !== 'open') {
    return (
      <span className="dot-pill" data-state={state} role="img" aria-label={`${label}: ${dots}`}>
        <i className="dot" />
        {count}
      </span>
    )
  }
  return (
    <span className="dot-pill" data-state="open" data-mine={mine > 0}>
      {mine > 0 && (
        <button
          type="button"
          className="dot-less"
          aria-label={`Take a dot back from ${label}`}
          onClick={onRetract}
        >
          −
        </button>
      )}
      <button
        type="button"
        className="dot-more"
        aria-label={`Vote for ${label}: ${dots}, ${mine} of them yours`}
        onClick={onCast}
      >
        {count === 0 ? '+' : <i className="dot" />}
        {count > 0 && count}
      </button>
    </span>
  )
}
