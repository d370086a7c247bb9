import type { InterplayError } from '@interplay/shared'
import {
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useState,
  useSyncExternalStore,
} from 'react'
import { type AnyOpenRoom, watchDocument } from './document-source.ts'
import type { Source } from './use-selected.ts'

/** A room that is left this late is not joined anew when a component unmounts and mounts again at once. */
const leaveDelayMs = 1000

export interface Joined<T> {
  readonly room: T
  readonly document: Source
}

/** Joins before the first paint and leaves a moment after unmounting. `null` until joined; `key` names the room. */
export function useJoined<T extends AnyOpenRoom>(
  join: () => T,
  key: string,
  owner: object,
): Joined<T> | null {
  const [joined, setJoined] = useState<(Joined<T> & { key: string; owner: object }) | null>(null)
  // `join` is a new function on every render: the key names the room.
  useBrowserLayoutEffect(() => {
    const room = join()
    const document = watchDocument(room)
    setJoined({ room, document, key, owner })
    return () => {
      document.stop()
      setTimeout(() => room.leave(), leaveDelayMs)
    }
  }, [key, owner])
  return joined?.key === key && joined.owner === owner ? joined : null
}

/** What to show instead of the children, or `undefined` for the children. */
export function useGate(
  room: AnyOpenRoom,
  fallback: ReactNode,
  refused: ((error: InterplayError) => ReactNode) | undefined,
): ReactNode {
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let current = true
    room.ready.then(
      () => current && setReady(true),
      () => {}, // the status says so
    )
    return () => {
      current = false
    }
  }, [room])
  const readError = () => (room.status.at === 'refused' ? room.status.error : null)
  const error = useSyncExternalStore(
    useCallback((changed) => room.subscribe(changed), [room]),
    readError,
    readError,
  )
  if (error && refused) return refused(error)
  return ready || error ? undefined : fallback
}

/** React 18 warns of layout effects on a server, where they never run. */
export const useBrowserLayoutEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect
