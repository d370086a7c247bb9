import type { ComponentProps, ReactNode } from 'react'

/** 20 × 20, drawn with a stroke of the text's colour. */
const drawings = {
  bold: <path d="M6.5 4h4.2a3 3 0 0 1 0 6H6.5zM6.5 10h5a3 3 0 0 1 0 6h-5z" />,
  italic: <path d="M8.5 4H14M6 16h5.5M11.5 4l-3 12" />,
  strike: (
    <path d="M3.5 10h13M13.5 6.2C13 4.8 11.7 4 10 4 8 4 6.5 5 6.5 6.7c0 .8.3 1.4.9 1.9M6.3 13.3C6.7 15 8.2 16 10.1 16c2.1 0 3.6-1.1 3.6-2.9 0-.4-.1-.8-.2-1.1" />
  ),
  heading1: <path d="M3.5 5v10M10 5v10M3.5 10H10M13.5 10.2l2-1.7V15" />,
  heading2: (
    <path d="M3.5 5v10M10 5v10M3.5 10H10M13.3 10.2c.3-1.1 1.3-1.7 2.3-1.4 1.2.3 1.5 1.6.7 2.6L13.3 15H17" />
  ),
  heading3: (
    <path d="M3.5 5v10M10 5v10M3.5 10H10M13.3 9.6c.5-.8 1.6-1.1 2.5-.6 1.1.6 1 2.1-.2 2.6h-1 1c1.3.4 1.6 2 .4 2.8-.9.6-2.2.4-2.8-.6" />
  ),
  code: <path d="M7 6l-4 4 4 4M13 6l4 4-4 4" />,
  codeBlock: (
    <>
      <rect x="3" y="3.5" width="14" height="13" rx="2" />
      <path d="M8 8l-2 2 2 2M12 8l2 2-2 2" />
    </>
  ),
  bulletList: <path d="M8 5.5h8.5M8 10h8.5M8 14.5h8.5M4 5.5h.01M4 10h.01M4 14.5h.01" />,
  orderedList: (
    <path d="M8.5 5.5h8M8.5 10h8M8.5 14.5h8M3.5 4.5l1.2-.7V8M3.3 12.5c.3-.6 1-.8 1.5-.6.8.3.8 1.2.3 1.7l-1.7 1.9h2" />
  ),
  quote: <path d="M4 4.5v11M8 6h8.5M8 10h8.5M8 14h5" />,
  undo: <path d="M7.5 4L4 7.5 7.5 11M4 7.5h7.5a4.25 4.25 0 0 1 0 8.5H8" />,
  redo: <path d="M12.5 4L16 7.5 12.5 11M16 7.5H8.5a4.25 4.25 0 0 0 0 8.5H12" />,
  plus: <path d="M10 4v12M4 10h12" />,
  link: (
    <path d="M8.3 11.7a3 3 0 0 0 4.4.2l2.7-2.7a3 3 0 0 0-4.3-4.3l-1 1M11.7 8.3a3 3 0 0 0-4.4-.2l-2.7 2.7a3 3 0 0 0 4.3 4.3l1-1" />
  ),
  check: <path d="M4 10.5l4 4 8-9" />,
  close: <path d="M5 5l10 10M15 5L5 15" />,
  cloud: <path d="M6 15.5a3.5 3.5 0 0 1-.5-6.96 4.75 4.75 0 0 1 9.2 1.2A2.9 2.9 0 0 1 14.5 15.5z" />,
  offline: (
    <path d="M3.5 3.5l13 13M7.5 5.4a4.75 4.75 0 0 1 7.2 4.34A2.9 2.9 0 0 1 16.7 13.8M13.5 15.5H6a3.5 3.5 0 0 1-.5-6.96c0-.3.1-.6.2-.9" />
  ),
  warning: <path d="M10 3.5l7 12.5H3zM10 8.5v3.5M10 14.2h.01" />,
  arrowRight: <path d="M4 10h12M11 5l5 5-5 5" />,
  arrowLeft: <path d="M16 10H4M9 5l-5 5 5 5" />,
} satisfies Record<string, ReactNode>

export type IconName = keyof typeof drawings

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
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

export interface IconButtonProps extends ComponentProps<'button'> {
  icon: IconName
  /** Its accessible name, and the tooltip. */
  label: string
  /** Shown in the tooltip: `Ctrl+B`. */
  shortcut?: string
}

export function IconButton({ icon, label, shortcut, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`icon-button ${rest.className ?? ''}`}
      aria-label={label}
      data-tip={shortcut ? `${label}  ${shortcut}` : label}
    >
      <Icon name={icon} />
    </button>
  )
}
