import type { Schema } from './validate.ts'
import type { behaviour, Shared, ValueBehaviour } from './views/scope.ts'

/** Who may write a field: every client that may write to the room, or only handlers on the server. */
export type Writers = 'everyone' | 'handlers'

/** Plain text that merges character by character. */
export interface TextField extends FieldOfType {
  readonly kind: 'text'
}

/** A document of a rich text editor (ProseMirror, TipTap, BlockNote). */
export interface RichTextField extends FieldOfType {
  readonly kind: 'richText'
}

/** An ordered list. */
export interface ListField<E extends Element = Element> extends FieldOfType {
  readonly kind: 'list'
  readonly element: E
}

/** Values or shared types under string keys. */
export interface MapField<E extends Element = Element> extends FieldOfType {
  readonly kind: 'map'
  readonly element: E
}

/** A fixed set of fields under one name. */
export interface RecordField<F extends Fields = Fields> extends FieldOfType {
  readonly kind: 'record'
  readonly fields: F
}

/** A number that many may add to at once. */
export interface CounterField extends FieldOfType {
  readonly kind: 'counter'
}

/** One plain JSON value; the last write wins. `D` is the type of its default, `undefined` without one. */
export interface ValueField<S extends Schema = Schema, D = unknown> {
  readonly kind: 'value'
  readonly writers: Writers
  readonly schema: S
  readonly default: D
  readonly [behaviour]: ValueBehaviour
}

/** Any field. */
export type Field = SharedField | AnyValueField

/** A field that is a shared type of its own; `value` is not, it lives in its parent. */
export type SharedField =
  | TextField
  | RichTextField
  | AnyListField
  | AnyMapField
  | AnyRecordField
  | CounterField

/** Fields by name. */
export type Fields = { readonly [name: string]: Field }

/** What lists and maps hold: plain JSON of a schema, or a shared type of a field. */
export type Element = Schema | SharedField

// Interfaces, because a union may refer to itself through them only.
interface AnyListField extends ListField {}
interface AnyMapField extends MapField {}
interface AnyRecordField extends RecordField {}
interface AnyValueField extends ValueField {}

interface FieldOfType extends Shared {
  readonly writers: Writers
}

/** Whether an element is a schema (its values are plain JSON) or a field (its values are shared types). */
export function isSchema(element: Element): element is Schema {
  return '~standard' in element
}
