import {
  AppBar,
  IconButton,
  IdentityButton,
  newRoomId,
  PeopleList,
  StatusBadge,
  useToast,
} from '@interplay/example-kit'
import { useOthers, useStatus } from './room.ts'

export function DocumentBar({ open }: { open: (documentId: string) => void }) {
  const status = useStatus()
  const people = useOthers((others) =>
    others.map(({ sessionId, presence }) => ({ id: sessionId, ...presence.user })),
  )
  const toast = useToast()

  const copyLink = async () => {
    try {
      await navigator.clipboard.writeText(location.href)
      toast('Link copied. Whoever opens it writes with you.')
    } catch {
      // Browsers give the clipboard to secure pages only.
      toast({ message: location.href, visibleMs: 0 })
    }
  }

  return (
    <AppBar
      end={
        <>
          <PeopleList people={people} shown={3} />
          <IdentityButton />
          <IconButton icon="link" label="Copy link" onClick={copyLink} />
          <IconButton
            icon="plus"
            label="New document"
            className="tip-left"
            onClick={() => open(newRoomId())}
          />
        </>
      }
    >
      <StatusBadge status={status} />
    </AppBar>
  )
}
