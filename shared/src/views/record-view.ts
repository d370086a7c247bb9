import type * as Y from 'yjs'
import type { Field, Fields } from '../fields.ts'
import { plainReader } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import type { Place } from './place.ts'
import { openPlace, type Scope, type View } from './scope.ts'

/** What differs between a record in the root and one that is an element. */
export interface RecordPlace extends Place<Y.Map<unknown>> {
  child(name: string, field: Field): View
}

/** The members that every record view has; {@link recordView} adds one property per field. */
class Members {
  protected readonly scope: Scope
  protected readonly fields: Fields
  protected readonly place: RecordPlace
  protected readonly children = new Map<string, View>()

  constructor(scope: Scope, fields: Fields, place: RecordPlace) {
    this.scope = scope
    this.fields = fields
    this.place = place
  }

  set(values: Readonly<Record<string, unknown>>): void {
    const stored: [string, unknown][] = []
    for (const [name, value] of Object.entries(values)) {
      const field = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined
      const where = `${this.scope.name}.${name}`
      if (field?.kind !== 'value') {
        const message = field
          ? `is a ${field.kind}: change it through its own view`
          : 'is not a field of this record'
        throw invalidInput([{ path: [], message }], where)
      }
      if (value !== undefined) stored.push([name, plainReader(field.schema).write(value, where)])
    }
    this.scope.write(() => {
      const map = this.place.open()
      for (const [name, value] of stored) map.set(name, value)
    })
  }

  toJSON(): Record<string, unknown> {
    const json: Record<string, unknown> = {}
    for (const name of Object.keys(this.fields)) {
      const value = this.view(name).toJSON()
      if (value !== undefined) json[name] = value
    }
    return json
  }

  subscribe(listener: () => void): () => void {
    return this.place.observe(listener)
  }

  get yjs(): Y.Map<unknown> {
    return openPlace(this.scope, this.place)
  }

  protected view(name: string): View {
    let view = this.children.get(name)
    if (!view) {
      view = this.place.child(name, this.fields[name]!)
      this.children.set(name, view)
    }
    return view
  }
}

const classes = new WeakMap<Fields, typeof Members>()

/** The view of a record. Records of the same fields share one class, so that thousands of them stay cheap. */
export function recordView(scope: Scope, fields: Fields, place: RecordPlace): View {
  let RecordView = classes.get(fields)
  if (!RecordView) {
    RecordView = class extends Members {}
    for (const name of Object.keys(fields)) {
      Object.defineProperty(RecordView.prototype, name, {
        enumerable: true,
        get(this: { view(name: string): View }) {
          return this.view(name)
        },
      })
    }
    classes.set(fields, RecordView)
  }
  return new RecordView(scope, fields, place)
}
