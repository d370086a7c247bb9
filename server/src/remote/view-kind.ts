import type { CounterView, ListView, MapView, RichTextView, TextView, ValueView } from '@interplay/shared'

/** The record of any fields, as far as all records are alike. */
interface AnyRecordView {
  set(values: Readonly<Record<string, unknown>>): void
}

/** A view with its kind, found out at run time: whoever asks has only names from outside. */
export type KnownView =
  | { readonly kind: 'text'; readonly view: TextView }
  | { readonly kind: 'list'; readonly view: ListView<unknown> }
  | { readonly kind: 'map'; readonly view: MapView<unknown> }
  | { readonly kind: 'counter'; readonly view: CounterView }
  | { readonly kind: 'value'; readonly view: ValueView<unknown> }
  | { readonly kind: 'record'; readonly view: AnyRecordView }
  | { readonly kind: 'rich text'; readonly view: RichTextView }

/** The first method that a view has says what it is. A record's own fields are views, and never functions. */
const marks = [
  ['applyDelta', 'text'],
  ['push', 'list'],
  ['entries', 'map'],
  ['add', 'counter'],
  ['get', 'value'],
  ['set', 'record'],
  ['toJSON', 'rich text'],
] as const

/** `null` for a plain value, which has no methods. */
export function knownView(found: unknown): KnownView | null {
  if (typeof found !== 'object' || found === null) return null
  const members = found as Readonly<Record<string, unknown>>
  const mark = marks.find(([method]) => typeof members[method] === 'function')
  return mark ? ({ kind: mark[1], view: found } as KnownView) : null
}

/** The view of a record's field; `undefined` if it has none of this name. */
export function fieldOf(record: object, name: string): unknown {
  // Fields are enumerable properties of the record's class, and what all records have is not.
  const fields: object = Object.getPrototypeOf(record)
  return Object.prototype.propertyIsEnumerable.call(fields, name)
    ? (record as Record<string, unknown>)[name]
    : undefined
}
