import type { SharedField } from '../fields.ts'
import type { Place, SharedType } from './place.ts'

/** What every view of one field of the state shares. */
export interface Scope {
  /** Path of the field, for error texts: `notes`, `meta.title`. */
  readonly name: string
  /** Runs a write through the owner of the state, once. Throws `not-writable` before it when the field is not ours. */
  write(write: () => void): void
  /** The key under which this writer adds to counters. */
  counterKey(): string
  /** The view of an element, the same one each time; `undefined` when it is not of the field's kind. */
  view(field: SharedField, stored: unknown): View | undefined
  /** A shared type, not yet in a document, with this content. Throws `invalid-input`. */
  build(field: SharedField, initial: unknown): SharedType
}

/** A view of any kind, as its parents use it. */
export interface View {
  toJSON(): unknown
}

/** The shared type of a place; made by a write when it is missing. */
export function openPlace<T extends SharedType>(scope: Scope, place: Place<T>): T {
  const type = place.read()
  if (type) return type
  scope.write(() => void place.open())
  return place.open()
}
