import type { ReactNode } from 'react'

/** 20 × 20, drawn as the icons of the kit are. */
const drawings = {
  timer: <path d="M10 6.5V11l2.5 1.5M8 2.5h4M10 4.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z" />,
  vote: (
    <>
      <circle cx="6" cy="6.5" r="2.75" />
      <circle cx="14" cy="6.5" r="2.75" />
      <circle cx="10" cy="13.5" r="2.75" />
    </>
  ),
  download: <path d="M10 3.5v9M6 9l4 4 4-4M4 16.5h12" />,
  more: <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" strokeWidth="2.4" />,
} satisfies Record<string, ReactNode>

export function BoardIcon({ name }: { name: keyof typeof drawings }) {
  return (
    <svg
      className="icon"
      width={20}
      height={20}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {drawings[name]}
    </svg>
  )
}
