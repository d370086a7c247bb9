import { RefusedNotice, useIdentity, useToast } from '@interplay/example-kit'
import { useEffect, useRef, useState } from 'react'
import { ContentEditor } from './content-editor.tsx'
import { DocumentBar } from './document-bar.tsx'
import { useRescue } from './rescue.ts'
import { useRefusal, useRoom, useStatus } from './room.ts'

/** A document: its bar, and its content as soon as the server's state is here. */
export function DocumentPage({ open }: { open: (documentId: string) => void }) {
  const room = useRoom()
  const refusal = useRefusal()
  const ready = useReady()
  const [user] = useIdentity()
  const toast = useToast()
  const caret = useRef<number | null>(null)

  useEffect(() => room.presence.update({ user }), [room, user])
  useRescue(room, toast)

  return (
    <div className="document">
      <DocumentBar open={open} />
      <WarningBeforeClose />
      {refusal && !ready ? (
        <RefusedNotice error={refusal} />
      ) : ready ? (
        // Another document object after a refused change: the editor binds to it anew.
        <ContentEditor key={room.doc.clientID} doc={room.doc} caret={caret} />
      ) : (
        <Skeleton />
      )}
    </div>
  )
}

function useReady(): boolean {
  const room = useRoom()
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let current = true
    room.ready.then(
      () => current && setReady(true),
      () => {},
    )
    return () => {
      current = false
    }
  }, [room])
  return ready
}

/** Changes that only this page has are lost with it: the browser asks first. */
function WarningBeforeClose() {
  const status = useStatus()
  const unsaved = status.at === 'unsaved' || (status.at === 'offline' && status.edits + status.events > 0)
  useEffect(() => {
    if (!unsaved) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [unsaved])
  return null
}

/** Has the shape of what comes, so that nothing jumps. */
function Skeleton() {
  return (
    <>
      <div className="toolbar" />
      <main className="page" aria-busy="true">
        <p className="visually-hidden" role="status">
          Opening the document…
        </p>
        <div className="sheet skeleton" aria-hidden="true">
          <i style={{ width: '55%', height: 34 }} />
          <i />
          <i style={{ width: '92%' }} />
          <i style={{ width: '70%' }} />
        </div>
      </main>
      <footer className="footer" />
    </>
  )
}
