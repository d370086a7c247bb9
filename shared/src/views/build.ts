import * as Y from 'yjs'
import { type Element, isSchema, type RecordField, type SharedField } from '../fields.ts'
import { plainReader, wellFormed } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import type { SharedType } from './place.ts'

/**
 * A shared type with this content, not yet in a document. All of the content is checked before anything is written.
 * `where` is the path in error texts, `counterKey` the writer's part of counters. Throws `invalid-input`.
 */
export function build(field: SharedField, initial: unknown, where: string, counterKey: string): SharedType {
  const refuse = (message: string) => invalidInput([{ path: [], message }], where)
  const element = (of: Element, content: unknown, key: string | number) =>
    isSchema(of)
      ? plainReader(of).write(content, `${where}.${key}`)
      : build(of, content, `${where}.${key}`, counterKey)

  switch (field.kind) {
    case 'text':
      if (initial !== undefined && typeof initial !== 'string') throw refuse('expected a string')
      return new Y.Text(wellFormed(initial ?? ''))
    case 'richText':
      if (initial !== undefined) throw refuse('starts empty: an editor writes it')
      return new Y.XmlFragment()
    case 'list':
      if (initial !== undefined && !Array.isArray(initial)) throw refuse('expected an array')
      return listOf(
        (initial ?? []).map((item: unknown, index: number) => element(field.element, item, index)),
      )
    case 'map': {
      const entries = Object.entries(plainObject(initial, refuse))
      return new Y.Map(entries.map(([key, item]) => [wellFormed(key), element(field.element, item, key)]))
    }
    case 'record':
      return new Y.Map(recordEntries(field, plainObject(initial, refuse), where, element))
    case 'counter':
      if (initial !== undefined && !Number.isFinite(initial)) throw refuse('expected a finite number')
      return new Y.Map(initial === undefined ? [] : [[counterKey, initial]])
  }
}

function listOf(items: unknown[]): Y.Array<unknown> {
  const list = new Y.Array<unknown>()
  list.push(items)
  return list
}

function recordEntries(
  { fields }: RecordField,
  initial: Readonly<Record<string, unknown>>,
  where: string,
  element: (of: Element, content: unknown, key: string) => unknown,
): [string, unknown][] {
  for (const name of Object.keys(initial)) {
    if (Object.hasOwn(fields, name)) continue
    throw invalidInput([{ path: [], message: 'is not a field of this record' }], `${where}.${name}`)
  }
  const entries: [string, unknown][] = []
  for (const [name, field] of Object.entries(fields)) {
    const content = initial[name]
    if (field.kind !== 'value') entries.push([name, element(field, content, name)])
    else if (content !== undefined) entries.push([name, element(field.schema, content, name)])
  }
  return entries
}

function plainObject(
  initial: unknown,
  refuse: (message: string) => Error,
): Readonly<Record<string, unknown>> {
  if (initial === undefined) return {}
  if (typeof initial === 'object' && initial !== null && !Array.isArray(initial))
    return initial as Record<string, unknown>
  throw refuse('expected an object')
}
