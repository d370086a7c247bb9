import { useMemo } from 'react'
import { type Equal, type Source, useSelected } from './use-selected.ts'

/** What a selector hands to a component: plain JSON. A view gives its `toJSON()`. */
export type Json<T> = T extends { toJSON(): infer J } ? J : T

/** Selects from a mutable state, by value. */
export function useShared<State, T>(
  source: Source,
  state: () => State,
  selector: (state: State) => T,
  isEqual?: Equal<Json<T>>,
): Json<T> {
  const select = useMemo(() => () => plain(selector(state())), [state, selector])
  return useSelected(source, select, isEqual)
}

function plain<T>(selected: T): Json<T> {
  const json = (selected as { toJSON?: unknown } | null | undefined)?.toJSON
  return (typeof json === 'function' ? json.call(selected) : selected) as Json<T>
}
