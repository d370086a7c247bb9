import type { ReactNode } from 'react'

/** The bar on top: home, what this is (`children`), and who and how (`end`). */
export function AppBar({ children, end }: { children?: ReactNode; end?: ReactNode }) {
  return (
    <header className="app-bar">
      <a className="brand" href="../" aria-label="Interplay, all examples">
        <Mark />
      </a>
      <div className="app-bar-middle">{children}</div>
      <div className="app-bar-end">{end}</div>
    </header>
  )
}

/** Two rooms that overlap. */
export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <rect x="2" y="2" width="13" height="13" rx="4" fill="var(--mark-a)" />
      <rect x="9" y="9" width="13" height="13" rx="4" fill="var(--mark-b)" />
      <path d="M13 9h2v2a4 4 0 0 1-4 4H9v-2a4 4 0 0 1 4-4z" fill="var(--mark-ab)" />
    </svg>
  )
}
