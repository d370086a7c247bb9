import * as Y from 'yjs'
import { InterplayError } from './error.ts'
import type { Field, SharedField } from './field.ts'
import type { StateOf } from './infer.ts'
import type { AnyRoom } from './room.ts'
import { observeTypes, type Place, rootPlace, type SharedType, typePlace, type YMap } from './views/place.ts'
import { behaviour, type Scope, type View } from './views/scope.ts'

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
  const views = new Map<string, View>()
  const viewOf: ViewOf = (name, field) => {
    let view = views.get(name)
    if (!view) {
      view = rootView(doc, options, name, field, false)
      views.set(name, view)
    }
    return view
  }
  const { prototype, fields } = shapeOf(definition)
  const state: { [root]: ViewOf } = Object.create(prototype)
  state[root] = viewOf
  for (const [name, property] of fields) Object.defineProperty(state, name, property)
  return state as object as StateOf<R>
}

type ViewOf = (name: string, field: Field) => View

/** Where a state keeps how it makes its views. */
const root = Symbol('root')

/** What the states of a definition share. A state is made for each event: this is made once. */
interface Shape {
  readonly prototype: object
  readonly fields: readonly [name: string, property: PropertyDescriptor][]
}

const shapes = new WeakMap<AnyRoom, Shape>()

function shapeOf(definition: AnyRoom): Shape {
  const known = shapes.get(definition)
  if (known) return known
  const entries = Object.entries(definition.state)
  const toJSON = {
    value(this: { [root]: ViewOf }) {
      const json = entries.map(([name, field]) => [name, this[root](name, field).toJSON()])
      return Object.fromEntries(json.filter(([, value]) => value !== undefined))
    },
  }
  const fields = entries.map(([name, field]): [string, PropertyDescriptor] => {
    const get = function (this: { [root]: ViewOf }) {
      return this[root](name, field)
    }
    return [name, { enumerable: true, get }]
  })
  const shape = { prototype: Object.create(Object.prototype, { toJSON }), fields }
  shapes.set(definition, shape)
  return shape
}

/** The view of a field that has a root type: a field of the state, or a shared child of a record there. */
function rootView(doc: Y.Doc, options: StateOptions, name: string, field: Field, inherited: boolean): View {
  const restricted = inherited || field.writers === 'handlers'
  const scope = createScope(doc, options, name, restricted)
  if (field.kind === 'value')
    return field[behaviour](scope, field, rootPlace<YMap>(doc, name, Y.Map), 'value', name)
  const place = rootPlace(doc, name, field[behaviour].type)
  if (field.kind !== 'record') return field[behaviour].view(scope, field, place)
  const record = {
    ...place,
    observe: (listener: () => void) => observeTypes(doc, rootTypes(doc, name, field), listener),
    child: (child: string, of: Field) =>
      of.kind === 'value'
        ? of[behaviour](scope, of, place as Place<YMap>, child, `${name}.${child}`)
        : rootView(doc, options, `${name}.${child}`, of, restricted),
  }
  return field[behaviour].view(scope, field, record)
}

/** The root types of a record: its own, and those of its shared children. */
function rootTypes(doc: Y.Doc, name: string, field: SharedField): SharedType[] {
  const own = rootPlace(doc, name, field[behaviour].type).read()
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
  let views: WeakMap<SharedType, View> | null = null
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
    view: (field, stored) => {
      const { type, view: create } = field[behaviour]
      if (!(stored instanceof type)) return undefined
      views ??= new WeakMap()
      let view = views.get(stored)
      if (!view) {
        view = create(scope, field, typePlace(stored))
        views.set(stored, view)
      }
      return view
    },
  }
  return scope
}
