import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import { equalJson } from './equal.ts'

export type Equal<T> = (a: T, b: T) => boolean

/** A mutable source. `version` names its state: while it stays the same, nothing is read from it again. */
export interface Source {
  subscribe(listener: () => void): () => void
  version(): unknown
}

/** Reads `select()` from a mutable source and re-renders only when its result changes. */
export function useSelected<T>(source: Source, select: () => T, isEqual: Equal<T> = equalJson): T {
  const committed = useRef<{ value: T } | null>(null)
  const read = useMemo(() => {
    let memo: { version: unknown; value: T } | null = null
    return (): T => {
      const version = source.version()
      if (memo && Object.is(memo.version, version)) return memo.value
      const selected = select()
      // An inline selector is a new function on every render: an equal result must stay the same object all the same.
      const before = memo ?? committed.current
      memo = { version, value: before && isEqual(before.value, selected) ? before.value : selected }
      return memo.value
    }
  }, [source, select, isEqual])
  const value = useSyncExternalStore(source.subscribe, read, read)
  useEffect(() => {
    committed.current = { value }
  }, [value])
  return value
}
