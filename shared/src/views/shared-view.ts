import type { Place, SharedType } from './place.ts'
import type { Scope } from './scope.ts'

/** What the views of all shared types have in common. */
export abstract class SharedView<T extends SharedType> {
  protected readonly scope: Scope
  protected readonly place: Place<T>

  /** @internal */
  constructor(scope: Scope, place: Place<T>) {
    this.scope = scope
    this.place = place
  }

  /** Calls back after each transaction that changed it or something in it. Returns the stop. */
  subscribe(listener: () => void): () => void {
    return this.place.observe(listener)
  }

  /** The shared type underneath, for editor bindings. Made by a write when a document of an older version lacks it. */
  get yjs(): T {
    return openType(this.scope, this.place)
  }
}

/** The shared type of a place, made by a write when it is missing. */
export function openType<T extends SharedType>(scope: Scope, place: Place<T>): T {
  if (!place.read()) scope.write(() => void place.open())
  return place.open()
}
