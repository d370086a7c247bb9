import type { Place, SharedType, TypeClass, YMap } from './place.ts'

/** What every view of one field of the state shares. */
export interface Scope {
  /** Path of the field, for error texts: `notes`, `meta.title`. */
  readonly name: string
  /** Runs a write through the owner of the state, once. Throws `not-writable` before it when the field is not ours. */
  write(write: () => void): void
  /** The key under which this writer adds to counters. */
  counterKey(): string
  /** The view of an element, the same one each time; `undefined` when it is not of the field's kind. */
  view(field: Shared, stored: unknown): View | undefined
}

/** A view of any kind, as its parents use it. */
export interface View {
  toJSON(): unknown
}

/** Where a field carries the code of its kind, so that a bundle holds the views of the kinds it uses and no others. */
export const behaviour: unique symbol = Symbol.for('interplay.behaviour')

/** A field that is a shared type of its own. */
export interface Shared {
  readonly [behaviour]: SharedBehaviour
}

/** The code of a kind of field that is a shared type. */
export interface SharedBehaviour {
  readonly type: TypeClass
  view(scope: Scope, field: Shared, place: Place): View
  /** A shared type with this content, all of it checked, not yet in a document. Throws `invalid-input`. */
  build(field: Shared, initial: unknown, context: BuildContext): SharedType
}

export interface BuildContext {
  /** Path of what is built, for error texts. */
  readonly where: string
  readonly counterKey: string
}

/** The code of `value` fields: the value is under a key of a map. `where` is its path, for error texts. */
export type ValueBehaviour = (
  scope: Scope,
  field: object,
  parent: Place<YMap>,
  key: string,
  where: string,
) => View
