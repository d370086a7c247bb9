import type { InterplayError } from '@interplay/shared'
import { type ReactNode, useEffect, useLayoutEffect, useState } from 'react'
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
  const [opening, setOpening] = useState<'waiting' | 'ready' | InterplayError>('waiting')
  useEffect(() => {
    let current = true
    room.ready.then(
      () => current && setOpening('ready'),
      (error: InterplayError) => current && setOpening(error),
    )
    return () => {
      current = false
    }
  }, [room])
  if (opening === 'waiting') return fallback
  if (opening === 'ready') return undefined
  return refused?.(opening)
}

/** React 18 warns of layout effects on a server, where they never run. */
const useBrowserLayoutEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect
