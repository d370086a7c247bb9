import * as Y from 'yjs'
import { InterplayError } from './error.ts'
import type { Field, SharedField } from './fields.ts'
import type { StateOf } from './infer.ts'
import type { AnyRoom } from './room.ts'
import { build } from './views/build.ts'
import { CounterView } from './views/counter-view.ts'
import { ListView } from './views/list-view.ts'
import { MapView } from './views/map-view.ts'
import {
  keyPlace,
  observeTypes,
  type Place,
  rootPlace,
  type SharedType,
  typeOf,
  typePlace,
} from './views/place.ts'
import { type RecordPlace, recordView } from './views/record-view.ts'
import { RichTextView } from './views/rich-text-view.ts'
import type { Scope, View } from './views/scope.ts'
import { TextView } from './views/text-view.ts'
import { ValueView } from './views/value-view.ts'

export interface StateOptions {
  /** Who writes: a client may not write fields of `writers: 'handlers'`. */
  readonly writer: 'client' | 'handlers'
  /** Runs each write, once. It may refuse by throwing, and decides the transaction's origin. */
  readonly transact: (write: () => void) => void
}

/**
 * The typed state of a room over its document. Views are made when they are first used, and stay the same objects.
 * Reads never throw: what another version or a hostile client wrote in a shape that the definition does not have is
 * missing (`undefined`, the default, or skipped). A write that its schema refuses throws `invalid-input` and changes nothing.
 */
export function createState<R extends AnyRoom>(definition: R, doc: Y.Doc, options: StateOptions): StateOf<R> {
  const names = Object.keys(definition.state)
  const views = new Map<string, View>()
  const view = (name: string): View => {
    let known = views.get(name)
    if (!known) {
      known = rootView(doc, options, name, definition.state[name]!, false)
      views.set(name, known)
    }
    return known
  }
  const toJSON = () => {
    const entries = names.map((name) => [name, view(name).toJSON()] as const)
    return Object.fromEntries(entries.filter(([, json]) => json !== undefined))
  }
  const state = Object.defineProperty({}, 'toJSON', { value: toJSON })
  for (const name of names) {
    Object.defineProperty(state, name, { enumerable: true, get: () => view(name) })
  }
  return state as StateOf<R>
}

/** The view of a field that has a root type: a field of the state, or a shared child of a record there. */
function rootView(doc: Y.Doc, options: StateOptions, name: string, field: Field, inherited: boolean): View {
  const restricted = inherited || field.writers === 'handlers'
  const scope = createScope(doc, options, name, restricted)
  if (field.kind === 'value')
    return new ValueView(scope, field, rootPlace(doc, name, Y.Map) as Place<Y.Map<unknown>>, 'value')
  const place = rootPlace(doc, name, typeOf[field.kind])
  if (field.kind !== 'record') return sharedView(scope, field, place)
  const map = place as Place<Y.Map<unknown>>
  return recordView(scope, field.fields, {
    ...map,
    child: (child, childField) =>
      childField.kind === 'value'
        ? new ValueView(scope, childField, map, child)
        : rootView(doc, options, `${name}.${child}`, childField, restricted),
    observe: (listener) => observeTypes(doc, rootTypes(doc, name, field), listener),
  })
}

/** The root types of a record: its own, and those of its shared children. */
function rootTypes(doc: Y.Doc, name: string, field: SharedField): SharedType[] {
  const own = rootPlace(doc, name, typeOf[field.kind]).read()
  const children = field.kind === 'record' ? Object.entries(field.fields) : []
  return [
    ...(own ? [own] : []),
    ...children.flatMap(([child, of]) => (of.kind === 'value' ? [] : rootTypes(doc, `${name}.${child}`, of))),
  ]
}

function createScope(
  doc: Y.Doc,
  { writer, transact }: StateOptions,
  name: string,
  restricted: boolean,
): Scope {
  const views = new WeakMap<SharedType, View>()
  const scope: Scope = {
    name,
    write: (write) => {
      if (restricted && writer === 'client') {
        throw new InterplayError(
          'not-writable',
          `Only handlers write "${name}". Dispatch an event whose handler changes it.`,
        )
      }
      transact(write)
    },
    counterKey: () => (writer === 'handlers' ? 'handlers' : doc.clientID.toString(36)),
    build: (field, initial) => build(field, initial, name, scope.counterKey()),
    view: (field, stored) => {
      if (!(stored instanceof typeOf[field.kind])) return undefined
      let view = views.get(stored)
      if (!view) {
        view = sharedView(scope, field, typePlace(stored))
        views.set(stored, view)
      }
      return view
    },
  }
  return scope
}

/** The view of a shared type at its place, be that a root, an element or a child of an element. */
function sharedView(scope: Scope, field: SharedField, place: Place<SharedType>): View {
  switch (field.kind) {
    case 'text':
      return new TextView(scope, place as Place<Y.Text>)
    case 'richText':
      return new RichTextView(scope, place as Place<Y.XmlFragment>)
    case 'list':
      return new ListView(scope, field, place as Place<Y.Array<unknown>>)
    case 'map':
      return new MapView(scope, field, place as Place<Y.Map<unknown>>)
    case 'counter':
      return new CounterView(scope, place as Place<Y.Map<unknown>>)
    case 'record':
      return recordView(scope, field.fields, elementRecord(scope, place as Place<Y.Map<unknown>>))
  }
}

/** A record inside a map or list: its children live under keys of its own map. */
function elementRecord(scope: Scope, map: Place<Y.Map<unknown>>): RecordPlace {
  return {
    ...map,
    child: (name, field) =>
      field.kind === 'value'
        ? new ValueView(scope, field, map, name)
        : sharedView(scope, field, keyPlace(map, name, typeOf[field.kind])),
  }
}
