import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { IconButton } from './icon.tsx'

export interface ToastContent {
  readonly message: string
  readonly tone?: 'plain' | 'warning'
  /** 0 keeps it until it is closed. @default 6_000 */
  readonly visibleMs?: number
  readonly action?: { readonly label: string; run(): void }
}

type Show = (content: ToastContent | string) => void

const ToastContext = createContext<Show | null>(null)

/** Gives `useToast` to everything below, and shows its messages at the bottom of the page. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly (ToastContent & { id: number })[]>([])
  const lastId = useRef(0)
  const show = useCallback<Show>((content) => {
    const toast = typeof content === 'string' ? { message: content } : content
    const id = ++lastId.current
    setToasts((before) => [...before.slice(-2), { ...toast, id }])
  }, [])
  const close = useCallback(
    (id: number) => setToasts((before) => before.filter((toast) => toast.id !== id)),
    [],
  )
  return (
    <ToastContext.Provider value={show}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <Toast key={toast.id} {...toast} close={close} />
        ))}
      </div>
    </ToastContext.Provider>
  )
}

/** A function that shows a short message: `toast('Link copied')`. */
export function useToast(): Show {
  const show = useContext(ToastContext)
  if (!show) throw new Error('useToast() needs a <ToastProvider> above it')
  return show
}

function Toast(props: ToastContent & { id: number; close: (id: number) => void }) {
  const { id, message, tone = 'plain', visibleMs = 6_000, action, close } = props
  const [held, setHeld] = useState(false)
  const end = useMemo(() => () => close(id), [close, id])
  useEffect(() => {
    if (held || visibleMs === 0) return
    const timer = setTimeout(end, visibleMs)
    return () => clearTimeout(timer)
  }, [held, visibleMs, end])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hovering only keeps the message from fading
    <div
      className="toast"
      data-tone={tone}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
    >
      <span>{message}</span>
      {action && (
        <button type="button" className="button" onClick={action.run}>
          {action.label}
        </button>
      )}
      <IconButton icon="close" label="Close" onClick={end} />
    </div>
  )
}
