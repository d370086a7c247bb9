import { isDeepStrictEqual } from 'node:util'
import { type Element, type Field, type ListView, plainReader, sumOfParts } from '@interplay/shared'
import * as Y from 'yjs'

/** What was there: a plain value, or a shared type, which is not kept. `null` where there was nothing. */
export type Before = { readonly before?: unknown } | null

/** What happened to a field since its reaction looked last. As JSON it is kept with a snapshot. */
export interface FieldChanges {
  /**
   * What was there at the last look, by the key of everything that may be another now: the key of a map or record, of a
   * part of a counter, `value`, the Yjs id of an item of a list, `''` of a text.
   */
  readonly keys: Record<string, Before>
  /** Ids of the users who did it. */
  readonly by: readonly string[]
  /** Reactions in a row that led here: 0 if anybody else had a part in it. */
  readonly depth: number
}

/** One change, as a reaction sees it. */
export interface FieldChange {
  readonly key: string
  readonly value?: unknown
  readonly before?: unknown
}

export interface Difference {
  readonly added: readonly FieldChange[]
  readonly changed: readonly FieldChange[]
  readonly removed: readonly FieldChange[]
}

export const noChanges = (): FieldChanges => ({
  keys: Object.create(null),
  by: [],
  depth: Number.MAX_SAFE_INTEGER,
})

export function isEmpty({ keys }: FieldChanges): boolean {
  for (const _ in keys) return false
  return true
}

/** Puts later changes behind earlier ones: what was there before is what was there before the first. */
export function mergeChanges(earlier: FieldChanges, later: FieldChanges): FieldChanges {
  return {
    keys: Object.assign(Object.create(null), later.keys, earlier.keys),
    by: [...new Set([...earlier.by, ...later.by])],
    depth: Math.min(earlier.depth, later.depth),
  }
}

export function isNothing({ added, changed, removed }: Difference): boolean {
  return added.length + changed.length + removed.length === 0
}

/** What changes amount to, read through the field's view: what came and went again in between is nothing. */
export function compare(keys: FieldChanges['keys'], field: Field, view: object): Difference {
  switch (field.kind) {
    case 'map':
      return sorted(keys, (key) => ({ key, value: json((view as Map<string, unknown>).get(key)) }))
    case 'list': {
      const read = itemReader(field.element, view as ListView<unknown>)
      return sorted(keys, (id) => ({ key: whole, value: read(id) }))
    }
    case 'record': {
      const names = Object.keys(keys).filter((name) => Object.hasOwn(field.fields, name))
      return onlyChanged(
        names.flatMap((name) => fixed(name, keys[name]!, field.fields[name]!, Reflect.get(view, name))),
      )
    }
    case 'value':
      return onlyChanged(fixed(whole, keys.value ?? null, field, view))
    case 'counter':
      return onlyChanged(replaced(whole, { before: sumBefore(keys, view as CounterParts) }, json(view)))
    default:
      return onlyChanged(replaced(whole, shared, json(view)))
  }
}

/** The key of a field that is one thing, and of the items of a list. */
export const whole = ''

/** The place of a shared type, whatever was in it. */
export const shared: Before = {}

export function isSchema(element: Element): element is Extract<Element, { '~standard': unknown }> {
  return '~standard' in element
}

/** Sorts what comes and goes. An item of a list that is plain can do nothing else. */
function sorted(keys: FieldChanges['keys'], read: (key: string) => FieldChange): Difference {
  const [added, changed, removed]: FieldChange[][] = [[], [], []]
  for (const key in keys) {
    const before = keys[key]!
    const now = read(key)
    if (before !== null && now.value === undefined) removed!.push({ key: now.key, ...before })
    else if (before !== null) changed!.push(...replaced(now.key, before, now.value))
    else if (now.value !== undefined) added!.push(now)
  }
  return { added: added!, changed: changed!, removed: removed! }
}

/** A field of a fixed place, which is there before and after. */
function fixed(key: string, before: Before, field: Field, view: unknown): FieldChange[] {
  if (field.kind !== 'value') return replaced(key, shared, json(view))
  return replaced(key, before ?? { before: field.default }, json(view))
}

function replaced(key: string, before: Before, value: unknown): FieldChange[] {
  const isSame = before !== null && 'before' in before && isDeepStrictEqual(before.before, value)
  return isSame ? [] : [{ key, value, ...before }]
}

const onlyChanged = (changed: FieldChange[]): Difference => ({ added: [], changed, removed: [] })

interface CounterParts {
  readonly yjs: Y.Map<unknown>
}

/** What a counter read as when these parts were what they were. */
function sumBefore(keys: FieldChanges['keys'], { yjs }: CounterParts): number {
  const parts = new Map<string, unknown>(yjs.entries())
  for (const key in keys) parts.set(key, keys[key]?.before)
  return sumOfParts(parts.values())
}

/** Reads items by their Yjs ids: `undefined` for one that is gone or does not fit. */
function itemReader(element: Element, view: ListView<unknown>): (id: string) => unknown {
  const { yjs } = view
  if (isSchema(element)) {
    const { read } = plainReader(element)
    return (id) => read(itemAt(yjs.doc!, id))
  }
  let indexes: Map<unknown, number> | null = null
  return (id) => {
    indexes ??= new Map(yjs.toArray().map((item, index) => [item, index]))
    return json(view.get(indexes.get(itemAt(yjs.doc!, id)) ?? -1))
  }
}

function itemAt({ store }: Y.Doc, id: string): unknown {
  const [client, clock] = id.split(':').map(Number) as [number, number]
  if (!(Y.getState(store, client) > clock)) return undefined
  const item = Y.getItem(store, Y.createID(client, clock))
  if (!(item instanceof Y.Item) || item.deleted) return undefined
  return item.content.getContent()[clock - item.id.clock]
}

/** Views know how they read as JSON. */
function json(value: unknown): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: () => unknown }
  return typeof toJSON === 'function' ? toJSON.call(value) : value
}
