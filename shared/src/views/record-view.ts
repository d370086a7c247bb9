import * as Y from 'yjs'
import type { Field, Fields, RecordField } from '../field.ts'
import { plainReader } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import { buildElement, contentOf } from './element.ts'
import { keyPlace, type Place, type YMap } from './place.ts'
import { behaviour, type Scope, type SharedBehaviour, type View } from './scope.ts'
import { openType } from './shared-view.ts'

/** A record's own map, and where its children are: in root types of their own, or under keys of that map. */
export interface RecordPlace extends Place<YMap> {
  child(name: string, field: Field): View
}

/** Under a symbol, because every name that a string could have may be a field's. */
const inner: unique symbol = Symbol('record')

interface Inner {
  readonly scope: Scope
  readonly fields: Fields
  readonly place: RecordPlace
  readonly children: Map<string, View>
}

/** The members that every record view has; {@link classOf} adds one property per field. */
class RecordMembers {
  readonly [inner]: Inner

  constructor(scope: Scope, fields: Fields, place: RecordPlace) {
    this[inner] = { scope, fields, place, children: new Map() }
  }

  set(values: Readonly<Record<string, unknown>>): void {
    const { scope, fields, place } = this[inner]
    const stored: [string, unknown][] = []
    for (const [name, value] of Object.entries(values)) {
      const field = fieldOf(fields, name, scope.name)
      const where = `${scope.name}.${name}`
      if (field.kind !== 'value')
        throw invalidInput(`is a ${field.kind}, change it through its own view`, where)
      if (value !== undefined) stored.push([name, plainReader(field.schema).write(value, where)])
    }
    scope.write(() => {
      const map = place.open()
      for (const [name, value] of stored) map.set(name, value)
    })
  }

  toJSON(): Record<string, unknown> {
    const json: Record<string, unknown> = {}
    for (const name of Object.keys(this[inner].fields)) {
      const value = childOf(this[inner], name).toJSON()
      if (value !== undefined) json[name] = value
    }
    return json
  }

  subscribe(listener: () => void): () => void {
    return this[inner].place.observe(listener)
  }

  get yjs(): YMap {
    return openType(this[inner].scope, this[inner].place)
  }
}

function childOf({ fields, place, children }: Inner, name: string): View {
  let view = children.get(name)
  if (!view) {
    view = place.child(name, fields[name]!)
    children.set(name, view)
  }
  return view
}

const classes = new WeakMap<Fields, typeof RecordMembers>()

/** The class of records of these fields, made once, so that thousands of them stay cheap. */
function classOf(fields: Fields): typeof RecordMembers {
  let known = classes.get(fields)
  if (!known) {
    known = class extends RecordMembers {}
    for (const name of Object.keys(fields)) {
      Object.defineProperty(known.prototype, name, {
        enumerable: true,
        get(this: RecordMembers) {
          return childOf(this[inner], name)
        },
      })
    }
    classes.set(fields, known)
  }
  return known
}

export const recordBehaviour: SharedBehaviour = {
  type: Y.Map,
  view: (scope, field, place) => {
    const { fields } = field as RecordField
    return new (classOf(fields))(
      scope,
      fields,
      'child' in place ? (place as RecordPlace) : element(scope, place as Place<YMap>),
    )
  },
  build: (field, initial = {}, context) => {
    const { fields } = field as RecordField
    const contents = contentOf(initial, context)
    for (const name of Object.keys(contents)) fieldOf(fields, name, context.where)
    const map = new Y.Map<unknown>()
    for (const [name, child] of Object.entries(fields)) {
      const content = contents[name]
      if (child.kind !== 'value') map.set(name, buildElement(child, content, name, context))
      else if (content !== undefined) map.set(name, buildElement(child.schema, content, name, context))
    }
    return map
  },
}

/** A record inside a map or list: its children live under keys of its own map. */
function element(scope: Scope, map: Place<YMap>): RecordPlace {
  return {
    ...map,
    child: (name, field) =>
      field.kind === 'value'
        ? field[behaviour](scope, field, map, name, `${scope.name}.${name}`)
        : field[behaviour].view(scope, field, keyPlace(map, name, field[behaviour].type)),
  }
}

function fieldOf(fields: Fields, name: string, where: string): Field {
  if (Object.hasOwn(fields, name)) return fields[name]!
  throw invalidInput('is not a field of this record', `${where}.${name}`)
}
