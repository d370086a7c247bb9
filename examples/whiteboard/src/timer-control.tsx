import { useEffect, useRef, useState } from 'react'
import { ring } from './chime.ts'
import { BoardIcon } from './icon.tsx'
import { useDispatch, useShared } from './room.ts'
import type { Session } from './session.ts'
import { type Countdown, formatLeft, useCountdown } from './use-countdown.ts'
import { useWarning } from './use-warning.ts'

const minutes = [1, 3, 5, 10]

/** The timer of the board: started and stopped by anybody, the same for everybody. */
export function TimerControl({ session }: { session: Session | null }) {
  const timer = useShared((state) => state.timer)
  const countdown = useCountdown(timer?.endsAt, session?.clockAheadMs ?? 0)
  const [sound, setSound] = useState(false)
  useEnd(countdown, sound)

  const left = countdown.at === 'running' ? formatLeft(countdown.leftMs) : null
  const label = left ?? (countdown.at === 'up' ? "Time's up" : 'Timer')
  return (
    <>
      <button
        type="button"
        className="button control"
        data-state={countdown.at}
        popoverTarget="timer-panel"
        aria-label={left ? `Timer: ${left} left` : label}
      >
        <BoardIcon name="timer" />
        <span className={countdown.at === 'idle' ? 'wide-text' : 'control-value'}>{label}</span>
      </button>
      <div id="timer-panel" popover="auto" role="dialog" aria-label="Timer" className="popover control-panel">
        {countdown.at === 'idle' ? (
          <StartTimer />
        ) : (
          <StopTimer countdown={countdown} durationMs={timer?.durationMs ?? 0} />
        )}
        <label className="check">
          <input type="checkbox" checked={sound} onChange={(event) => setSound(event.target.checked)} />
          Ring for me when it ends
        </label>
      </div>
      <span className="visually-hidden" role="status">
        {countdown.at === 'up' ? "Time's up" : ''}
      </span>
    </>
  )
}

function StartTimer() {
  const dispatch = useDispatch()
  const warn = useWarning()
  const start = (seconds: number) => dispatch('timer.start', { seconds }).catch(warn)
  return (
    <>
      <h2>Start a timer for everybody</h2>
      <div className="choices">
        {minutes.map((count) => (
          <button
            key={count}
            type="button"
            className="button"
            popoverTarget="timer-panel"
            popoverTargetAction="hide"
            onClick={() => start(count * 60)}
          >
            {count} min
          </button>
        ))}
      </div>
    </>
  )
}

function StopTimer({ countdown, durationMs }: { countdown: Countdown; durationMs: number }) {
  const dispatch = useDispatch()
  const warn = useWarning()
  const stop = () => dispatch('timer.stop').catch(warn)
  const leftMs = countdown.at === 'running' ? countdown.leftMs : 0
  return (
    <>
      <p className="big-time" role="timer">
        {countdown.at === 'running' ? formatLeft(leftMs) : "Time's up"}
      </p>
      <progress max={durationMs} value={leftMs} aria-label="Time left" />
      <button
        type="button"
        className="button button-primary"
        popoverTarget="timer-panel"
        popoverTargetAction="hide"
        onClick={stop}
      >
        {countdown.at === 'running' ? 'Stop the timer' : 'Dismiss'}
      </button>
    </>
  )
}

/** Shows the end to whoever was there when it came, not to those who come later. */
function useEnd({ at }: Countdown, sound: boolean): void {
  const before = useRef(at)
  useEffect(() => {
    const ended = before.current === 'running' && at === 'up'
    before.current = at
    if (!ended) return
    if (sound) ring()
    document.body.animate([{ boxShadow: 'inset 0 0 0 6px var(--wait)' }, {}], { duration: 2_000 })
  }, [at, sound])
}
