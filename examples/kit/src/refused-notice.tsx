import type { InterplayError } from '@interplay/client'
import type { ReactNode } from 'react'
import { Icon } from './icon.tsx'

const advice: Record<string, string> = {
  unauthorized: 'Sign in again, then reload this page.',
  forbidden: 'Ask somebody who has access to let you in.',
  'unknown-room': 'Check the link: its name may be misspelled or too long.',
  overloaded: 'The server is busy. Reload in a minute.',
  unsupported: 'This page is older than the server. Reload it to get the new one.',
}

/** Stands in for a room that the server refused: what happened, and what to do. */
export function RefusedNotice({ error, children }: { error: InterplayError; children?: ReactNode }) {
  return (
    <section className="notice" role="alert">
      <span className="notice-icon">
        <Icon name="warning" size={24} />
      </span>
      <h1>This room did not open</h1>
      <p>{error.message}</p>
      <p className="soft">
        {advice[error.code] ?? 'Reload the page. If it stays, tell whoever runs this server.'}
      </p>
      <div className="notice-actions">
        <button type="button" className="button button-primary" onClick={() => location.reload()}>
          Reload
        </button>
        {children}
      </div>
      <p className="faint">
        <code>{error.code}</code>
      </p>
    </section>
  )
}
