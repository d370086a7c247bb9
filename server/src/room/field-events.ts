import { type Element, type Field, plainReader } from '@interplay/shared'
import * as Y from 'yjs'
import { type Before, type FieldChanges, isSchema, shared, whole } from './field-changes.ts'

type SharedType = Y.AbstractType<unknown>
type AnyEvent = Y.YEvent<SharedType>

/** A root type of a field. A record has more than one: `child` is the name of what has a root of its own. */
export interface FieldRoot {
  readonly type: SharedType
  readonly field: Field
  readonly child: string | null
}

/** The root types of a field. A document that has one of them as another type has nothing there that a view would read. */
export function rootsOf(document: Y.Doc, name: string, field: Field): FieldRoot[] {
  const roots: FieldRoot[] = []
  const add = (root: string, of: Field, child: string | null) => {
    try {
      roots.push({ type: document.get(root, typeOf(of)) as unknown as SharedType, field: of, child })
    } catch {}
    if (of.kind !== 'record') return
    for (const [key, inner] of Object.entries(of.fields))
      if (inner.kind !== 'value') add(`${root}.${key}`, inner, child ?? key)
  }
  add(name, field, null)
  return roots
}

/** Notes what a transaction did to a root type of a field. Says whether it concerns the field at all. */
export function noteEvents(
  keys: FieldChanges['keys'],
  root: FieldRoot,
  events: readonly AnyEvent[],
): boolean {
  let concerns = false
  const note = (key: string, before: Before) => {
    concerns = true
    // What was noted first is what the last look saw.
    if (!(key in keys)) keys[key] = before
  }
  for (const event of events) {
    if (root.child !== null) note(root.child, shared)
    else if (event.target !== root.type) noteInside(root, event.target, note)
    else noteRoot(root, event, note)
  }
  return concerns
}

type Note = (key: string, before: Before) => void

function noteRoot({ field }: FieldRoot, event: AnyEvent, note: Note): void {
  if (field.kind === 'text' || field.kind === 'richText') return note(whole, shared)
  if (field.kind === 'list') {
    const { added, deleted } = event.changes
    for (const item of added) noteItems(item, () => null, note)
    for (const item of deleted) noteItems(item, (stored) => asBefore(field.element, stored), note)
    return
  }
  for (const [key, { action, oldValue }] of event.changes.keys) {
    const before = beforeKey(field, key, oldValue)
    if (before !== undefined) note(key, action === 'add' ? null : before)
  }
}

/** What was under a key of a map; `undefined` for a key that the field does not have. */
function beforeKey(field: Field, key: string, stored: unknown): Before | undefined {
  switch (field.kind) {
    case 'map':
      return asBefore(field.element, stored)
    case 'counter':
      return { before: typeof stored === 'number' ? stored : null }
    case 'value':
      return key === 'value' ? asBefore(field.schema, stored) : undefined
    case 'record': {
      const child = Object.hasOwn(field.fields, key) ? field.fields[key]! : null
      return child?.kind === 'value' ? asBefore(child.schema, stored) : undefined
    }
  }
}

/** One item of Yjs holds items that were inserted together. */
function noteItems({ id, content }: Y.Item, before: (stored: unknown) => Before, note: Note): void {
  content.getContent().forEach((stored, index) => {
    note(`${id.client}:${id.clock + index}`, before(stored))
  })
}

/** Something inside of an element has changed, and with it the element. Only elements that are fields have an inside. */
function noteInside({ field, type }: FieldRoot, target: SharedType, note: Note): void {
  if (field.kind === 'text' || field.kind === 'richText') return note(whole, shared)
  if ((field.kind !== 'map' && field.kind !== 'list') || isSchema(field.element)) return
  let inner = target
  while (inner.parent !== type) inner = inner.parent as SharedType
  const { parentSub, id, deleted } = inner._item!
  // One that is gone has told so by itself.
  if (deleted || !(inner instanceof typeOf(field.element))) return
  note(field.kind === 'map' ? parentSub! : `${id.client}:${id.clock}`, shared)
}

/** What was stored, as its reader saw it. */
function asBefore(element: Element, stored: unknown): Before {
  if (!isSchema(element)) return stored instanceof typeOf(element) ? shared : null
  const before = plainReader(element).read(stored)
  return before === undefined ? null : { before }
}

const types = { text: Y.Text, richText: Y.XmlFragment, list: Y.Array } as const

function typeOf({ kind }: Field): new () => SharedType {
  return (types[kind as keyof typeof types] ?? Y.Map) as unknown as new () => SharedType
}
