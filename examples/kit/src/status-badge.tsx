import type { RoomStatus } from '@interplay/client'
import { useEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import { Icon, type IconName } from './icon.tsx'

/** "Saving…" stays this long at least, so that quick saves do not flicker. It never shows "Saved" too early. */
const savingAtLeastMs = 600

/** Where the work stands: saved, being saved, waiting here, refused. */
export function StatusBadge({ status }: { status: RoomStatus }) {
  const calm = useCalm(status)
  const { icon, text, short, more } = describe(calm)
  return (
    <>
      <span className="status" data-at={calm.at} title={more}>
        <Icon name={icon} size={16} />
        <span className="status-text">{text}</span>
        <span className="status-short" aria-hidden="true">
          {short}
        </span>
      </span>
      <Announcement status={calm} text={more ? `${text}. ${more}` : text} />
    </>
  )
}

interface Description {
  readonly icon: IconName
  readonly text: string
  /** For phones. */
  readonly short: string
  readonly more?: string
}

function describe(status: RoomStatus): Description {
  switch (status.at) {
    case 'connecting':
      return { icon: 'cloud', text: 'Connecting…', short: '…' }
    case 'synced':
      return { icon: 'check', text: 'Saved', short: 'Saved', more: 'Everything is on the server, on disk' }
    case 'unsaved':
      return {
        icon: 'cloud',
        text: 'Saving…',
        short: 'Saving…',
        more: 'The server has not confirmed everything yet',
      }
    case 'offline':
      return describeOffline(status)
    case 'refused':
      return { icon: 'warning', text: 'No access', short: 'No access', more: status.error.message }
    case 'left':
      return { icon: 'offline', text: 'Closed', short: 'Closed' }
  }
}

function describeOffline({ edits, events, retryAt, error }: RoomStatus & { at: 'offline' }): Description {
  const waiting = edits + events
  const changes = waiting === 0 ? '' : `: ${waiting} ${waiting === 1 ? 'change waits' : 'changes wait'} here`
  const why = error ? `${error.message} ` : ''
  return {
    icon: 'offline',
    text: `${retryAt === null ? 'Reconnecting' : 'Offline'}${changes}`,
    short: waiting === 0 ? 'Offline' : `Offline · ${waiting}`,
    more: `${why}Keep going: your changes stay on this page and are sent once it is connected again`,
  }
}

/** The status to show: `synced` is held back until "Saving…" was there for a moment. */
function useCalm(status: RoomStatus): RoomStatus {
  const [shown, setShown] = useState(status)
  const savingSince = useRef(0)
  const held = status.at === 'synced' && shown.at === 'unsaved'
  // Not in an effect: while somebody types, that would be a second render of every letter.
  if (status !== shown && !held) setShown(status)

  useEffect(() => {
    if (shown.at === 'unsaved') savingSince.current = Date.now()
  }, [shown.at])

  useEffect(() => {
    if (!held) return
    const waitMs = Math.max(0, savingSince.current + savingAtLeastMs - Date.now())
    const timer = setTimeout(() => flushSync(() => setShown(status)), waitMs)
    return () => clearTimeout(timer)
  }, [held, status])
  return held ? shown : status
}

/** Tells screen readers what matters, not every save: a lost connection, the way back, a refusal. */
function Announcement({ status, text }: { status: RoomStatus; text: string }) {
  const [said, setSaid] = useState('')
  const worried = useRef(false)
  useEffect(() => {
    if (status.at === 'offline' || status.at === 'refused') {
      // The number of changes goes up with every letter: it is said once.
      if (!worried.current || status.at === 'refused') setSaid(text)
      worried.current = true
    } else if (status.at === 'synced' && worried.current) {
      worried.current = false
      setSaid('Back online. Everything is saved')
    }
  }, [status, text])
  return (
    <span className="visually-hidden" role="status" aria-live="polite">
      {said}
    </span>
  )
}
