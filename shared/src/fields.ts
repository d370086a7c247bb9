import { plainReader } from './plain.ts'
import type { InputOf, OutputOf, Schema } from './validate.ts'

/** Who may write a field: every client that may write to the room, or only handlers on the server. */
export type Writers = 'everyone' | 'handlers'

export interface FieldOptions {
  /** Who may write the field. Clients still read it. @default 'everyone' */
  readonly writers?: Writers
}

/** Plain text that merges character by character. */
export interface TextField {
  readonly kind: 'text'
  readonly writers: Writers
}

/** A document of a rich text editor (ProseMirror, TipTap, BlockNote). */
export interface RichTextField {
  readonly kind: 'richText'
  readonly writers: Writers
}

/** An ordered list. */
export interface ListField<E extends Element = Element> {
  readonly kind: 'list'
  readonly writers: Writers
  readonly element: E
}

/** Values or shared types under string keys. */
export interface MapField<E extends Element = Element> {
  readonly kind: 'map'
  readonly writers: Writers
  readonly element: E
}

/** A fixed set of fields under one name. */
export interface RecordField<F extends Fields = Fields> {
  readonly kind: 'record'
  readonly writers: Writers
  readonly fields: F
}

/** A number that many may add to at once. */
export interface CounterField {
  readonly kind: 'counter'
  readonly writers: Writers
}

/** One plain JSON value; the last write wins. `D` is the type of its default, `undefined` without one. */
export interface ValueField<S extends Schema = Schema, D = unknown> {
  readonly kind: 'value'
  readonly writers: Writers
  readonly schema: S
  readonly default: D
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

/** Whether an element is a schema (its values are plain JSON) or a field (its values are shared types). */
export function isSchema(element: Element): element is Schema {
  return '~standard' in element
}

/** Text that merges character by character; `Y.Text` underneath. */
export function text(options: FieldOptions = {}): TextField {
  return { kind: 'text', writers: writersOf(options) }
}

/** A rich text document for editor bindings; `Y.XmlFragment` underneath. */
export function richText(options: FieldOptions = {}): RichTextField {
  return { kind: 'richText', writers: writersOf(options) }
}

/** An ordered list of plain values (`list(Item)`) or of shared types (`list(record({ … }))`). */
export function list<E extends Element>(element: E, options: FieldOptions = {}): ListField<E> {
  return { kind: 'list', writers: writersOf(options), element: elementOf('list', element) }
}

/**
 * Plain values (`map(Note)`) or shared types (`map(record({ … }))`) under string keys. A plain value is replaced as a
 * whole, the last write wins; the fields of a record merge one by one.
 */
export function map<E extends Element>(element: E, options: FieldOptions = {}): MapField<E> {
  return { kind: 'map', writers: writersOf(options), element: elementOf('map', element) }
}

/** A fixed set of fields: `record({ title: text(), done: value(z.boolean(), { default: false }) })`. */
export function record<F extends Fields>(fields: F, options: FieldOptions = {}): RecordField<F> {
  return { kind: 'record', writers: writersOf(options), fields }
}

/** A number that many add to at once: no addition is lost. */
export function counter(options: FieldOptions = {}): CounterField {
  return { kind: 'counter', writers: writersOf(options) }
}

/** One plain JSON value; the last write wins. `default` is what readers get before the first write; it is never stored. */
export function value<S extends Schema>(
  schema: S,
  options: FieldOptions & { readonly default: InputOf<S> },
): ValueField<S, OutputOf<S>>
export function value<S extends Schema>(schema: S, options?: FieldOptions): ValueField<S, undefined>
export function value<S extends Schema>(
  schema: S,
  options: FieldOptions & { readonly default?: InputOf<S> } = {},
): ValueField<S, OutputOf<S> | undefined> {
  if (!schema || !('~standard' in schema)) {
    throw new TypeError(
      'value() needs a schema: value(z.string()), or one of another Standard Schema library',
    )
  }
  const fallback =
    options.default === undefined ? undefined : plainReader(schema).write(options.default, 'default')
  return { kind: 'value', writers: writersOf(options), schema, default: fallback as OutputOf<S> | undefined }
}

function writersOf({ writers = 'everyone' }: FieldOptions): Writers {
  if (writers === 'everyone' || writers === 'handlers') return writers
  throw new TypeError(`writers is 'everyone' or 'handlers', not ${JSON.stringify(writers)}`)
}

function elementOf<E extends Element>(builder: string, element: E): E {
  if (!element || !(isSchema(element) || 'kind' in element)) {
    throw new TypeError(
      `${builder}() needs a schema or a field: ${builder}(z.string()) or ${builder}(record({ … }))`,
    )
  }
  if (!isSchema(element) && (element as Field).kind === 'value') {
    throw new TypeError(
      `Write ${builder}(schema), not ${builder}(value(schema)): its elements are plain values already`,
    )
  }
  return element
}
