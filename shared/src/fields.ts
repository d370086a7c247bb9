import {
  type CounterField,
  type Element,
  type Field,
  type Fields,
  isSchema,
  type ListField,
  type MapField,
  type RecordField,
  type RichTextField,
  type TextField,
  type ValueField,
  type Writers,
} from './field.ts'
import { plainReader } from './plain.ts'
import type { InputOf, OutputOf, Schema } from './validate.ts'
import { counterBehaviour } from './views/counter-view.ts'
import { listBehaviour } from './views/list-view.ts'
import { mapBehaviour } from './views/map-view.ts'
import { recordBehaviour } from './views/record-view.ts'
import { richTextBehaviour } from './views/rich-text-view.ts'
import { behaviour } from './views/scope.ts'
import { textBehaviour } from './views/text-view.ts'
import { valueBehaviour } from './views/value-view.ts'

export interface FieldOptions {
  /** Who may write the field. Clients still read it. @default 'everyone' */
  readonly writers?: Writers
}

/** Text that merges character by character; `Y.Text` underneath. */
export function text(options?: FieldOptions): TextField {
  return { kind: 'text', writers: writersOf(options), [behaviour]: textBehaviour }
}

/** A rich text document for editor bindings; `Y.XmlFragment` underneath. */
export function richText(options?: FieldOptions): RichTextField {
  return { kind: 'richText', writers: writersOf(options), [behaviour]: richTextBehaviour }
}

/** An ordered list of plain values (`list(Item)`) or of shared types (`list(record({ … }))`). */
export function list<E extends Element>(element: E, options?: FieldOptions): ListField<E> {
  checkElement('list', element)
  return { kind: 'list', writers: writersOf(options), element, [behaviour]: listBehaviour }
}

/**
 * Plain values (`map(Note)`) or shared types (`map(record({ … }))`) under string keys. A plain value is replaced as a
 * whole, the last write wins; the fields of a record merge one by one.
 */
export function map<E extends Element>(element: E, options?: FieldOptions): MapField<E> {
  checkElement('map', element)
  return { kind: 'map', writers: writersOf(options), element, [behaviour]: mapBehaviour }
}

/** A fixed set of fields: `record({ title: text(), done: value(z.boolean(), { default: false }) })`. */
export function record<F extends Fields>(fields: F, options?: FieldOptions): RecordField<F> {
  return { kind: 'record', writers: writersOf(options), fields, [behaviour]: recordBehaviour }
}

/** A number that many add to at once: no addition is lost. */
export function counter(options?: FieldOptions): CounterField {
  return { kind: 'counter', writers: writersOf(options), [behaviour]: counterBehaviour }
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
  if (!schema || !('~standard' in schema)) throw new TypeError('value() needs a schema: value(z.string())')
  const fallback =
    options.default === undefined ? undefined : plainReader(schema).write(options.default, 'default')
  return {
    kind: 'value',
    writers: writersOf(options),
    schema,
    default: fallback as OutputOf<S> | undefined,
    [behaviour]: valueBehaviour,
  }
}

function writersOf({ writers = 'everyone' }: FieldOptions = {}): Writers {
  if (writers === 'everyone' || writers === 'handlers') return writers
  throw new TypeError(`writers is 'everyone' or 'handlers', not ${JSON.stringify(writers)}`)
}

function checkElement(builder: string, element: Element) {
  if (!element || !('~standard' in element || behaviour in element)) {
    throw new TypeError(
      `${builder}() needs a schema or a field: ${builder}(z.string()) or ${builder}(record({ … }))`,
    )
  }
  if (!isSchema(element) && (element as Field).kind === 'value') {
    throw new TypeError(
      `Write ${builder}(schema), not ${builder}(value(schema)): its elements are plain values`,
    )
  }
}
