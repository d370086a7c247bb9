import type { Field } from '@interplay/shared'
import * as Y from 'yjs'
import type { Change } from '../events/context.ts'

/** What happened to a field since somebody looked last. As JSON it is kept with a snapshot. */
export interface FieldChanges {
  /** Keys that changed, with what was there before: nothing where there was nothing, or a shared type. */
  readonly keys: Record<string, { readonly had: boolean; readonly before?: unknown }>
  /** Items of a list, which have no keys. */
  readonly added: unknown[]
  readonly removed: unknown[]
  readonly by: string[]
}

export const noChanges = (): FieldChanges => ({ keys: Object.create(null), added: [], removed: [], by: [] })

export function isEmpty({ keys, added, removed }: FieldChanges): boolean {
  return added.length === 0 && removed.length === 0 && Object.keys(keys).length === 0
}

/** Puts later changes behind earlier ones: what was there before is what was there before the first. */
export function mergeChanges(earlier: FieldChanges, later: FieldChanges): FieldChanges {
  return {
    keys: Object.assign(Object.create(null), later.keys, earlier.keys),
    added: [...earlier.added, ...later.added],
    removed: [...earlier.removed, ...later.removed],
    by: [...new Set([...earlier.by, ...later.by])],
  }
}

/** The key of a field that is one thing: a text, a value. */
const whole = ''

/** Notes what a transaction did to a root type of a field. `child` is the key of a record's child that has a root of its own. */
export function note(
  changes: FieldChanges,
  root: Y.AbstractType<unknown>,
  child: string | null,
  events: readonly Y.YEvent<never>[],
): void {
  for (const event of events) {
    const isInside = (event.target as unknown) !== root
    if (child !== null || isInside) {
      // Something inside of an element: the element has changed, and is a shared type before and after.
      const key = child ?? (root instanceof Y.Map ? String(event.path[0]) : whole)
      changes.keys[key] ??= { had: true }
    } else if (event instanceof Y.YMapEvent) {
      for (const [key, { action, oldValue }] of event.changes.keys)
        changes.keys[key] ??= action === 'add' ? { had: false } : { had: true, ...plain(oldValue) }
    } else if (event instanceof Y.YArrayEvent) {
      for (const { content } of event.changes.added) changes.added.push(...content.getContent().map(json))
      for (const { content } of event.changes.deleted) changes.removed.push(...content.getContent().map(json))
    } else changes.keys[whole] ??= { had: true }
  }
}

interface Difference {
  readonly added: readonly Change[]
  readonly changed: readonly Change[]
  readonly removed: readonly Change[]
}

/** What the changes amount to now, read through the field's view: what came and went again in between is nothing. */
export function compare(changes: FieldChanges, { kind }: Field, view: object): Difference {
  const added: Change[] = changes.added.map((value) => ({ key: whole, value }))
  const removed: Change[] = changes.removed.map((before) => ({ key: whole, before }))
  const changed: Change[] = []
  const keys = Object.entries(changes.keys)
  if (kind !== 'map' && kind !== 'record') {
    if (keys.length > 0) changed.push({ key: whole, value: json(view) })
    return { added, changed, removed }
  }
  const read = (key: string) =>
    json(kind === 'map' ? (view as Map<string, unknown>).get(key) : Reflect.get(view, key))
  for (const [key, { had, before }] of keys) {
    const value = read(key)
    const has = value !== undefined
    if (!had && has) added.push({ key, value })
    else if (had && !has) removed.push({ key, ...plain(before) })
    else if (had && has && !(before !== undefined && JSON.stringify(before) === JSON.stringify(value)))
      changed.push({ key, value, ...plain(before) })
  }
  return { added, changed, removed }
}

function plain(before: unknown) {
  return before === undefined || before instanceof Y.AbstractType ? {} : { before }
}

/** Views and shared types alike know how they read as JSON. */
function json(value: unknown): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: () => unknown }
  return typeof toJSON === 'function' ? toJSON.call(value) : value
}
