import type { ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import {
  AppBar,
  Icon,
  IconButton,
  IdentityButton,
  newRoomId,
  PeopleList,
  StatusBadge,
  useToast,
} from '@interplay/example-kit'
import { exportPng } from './export-png.ts'
import { BoardIcon } from './icon.tsx'
import { useOthers, useRoom, useStatus } from './room.ts'
import type { Session } from './session.ts'
import { TimerControl } from './timer-control.tsx'
import { VoteControl } from './vote-control.tsx'

export interface BoardBarProps {
  /** Opens another board. */
  open: (boardId: string) => void
  /** `null` until the drawing is there. */
  api: ExcalidrawImperativeAPI | null
  session: Session | null
}

/** The facilitator's bar: where the work stands, timer, vote, who is here, and what to do with the board. */
export function BoardBar({ open, api, session }: BoardBarProps) {
  const room = useRoom()
  const status = useStatus()
  const people = useOthers((others) =>
    others.map(({ sessionId, presence: { name, color } }) => ({ id: sessionId, name, color })),
  )
  const toast = useToast()

  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(location.href)
      toast('Link copied. Whoever opens it draws with you.')
    } catch {
      // Browsers give the clipboard to secure pages only.
      toast({ message: location.href, visibleMs: 0 })
    }
  }
  const exportBoard = async () => {
    if (!api) return
    const exported = await exportPng(api, room.params.boardId)
    if (!exported) toast('There is nothing on the board yet.')
  }
  const openNew = () => open(newRoomId())

  return (
    <AppBar
      end={
        <>
          <PeopleList people={people} shown={2} />
          <IdentityButton />
          <span className="wide-only">
            <IconButton icon="link" label="Copy link" onClick={copyLink} />
            <IconButton icon="plus" label="New board" onClick={openNew} />
            <button type="button" className="button" disabled={!api} onClick={exportBoard}>
              <BoardIcon name="download" />
              Export PNG
            </button>
          </span>
          <span className="narrow-only">
            <button type="button" className="icon-button" popoverTarget="board-menu" aria-label="Board menu">
              <BoardIcon name="more" />
            </button>
            <div id="board-menu" popover="auto" className="popover menu">
              <MenuItem onSelect={copyLink}>
                <Icon name="link" /> Copy link
              </MenuItem>
              <MenuItem onSelect={exportBoard}>
                <BoardIcon name="download" /> Export PNG
              </MenuItem>
              <MenuItem onSelect={openNew}>
                <Icon name="plus" /> New board
              </MenuItem>
            </div>
          </span>
        </>
      }
    >
      <StatusBadge status={status} />
      <TimerControl session={session} />
      <VoteControl api={api} session={session} />
    </AppBar>
  )
}

function MenuItem({ onSelect, children }: { onSelect: () => void; children: React.ReactNode }) {
  return (
    <button type="button" popoverTarget="board-menu" popoverTargetAction="hide" onClick={onSelect}>
      {children}
    </button>
  )
}
