import * as Y from 'yjs'
import type { ListField } from '../field.ts'
import { checkRange } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import { buildElement, type Elements, elementsOf } from './element.ts'
import type { Place, SharedType } from './place.ts'
import type { Scope, SharedBehaviour } from './scope.ts'
import { SharedView } from './shared-view.ts'

/**
 * An ordered list. `T` is what it holds: plain JSON values (frozen) for a schema, views for a field; `Input` is what
 * it takes. Items that do not fit the definition, written by another version or a hostile client, keep their index:
 * `get` gives `undefined` for them, iteration and `toJSON` skip them.
 */
export class ListView<T, Input = T> extends SharedView<Y.Array<unknown>> {
  private readonly elements: Elements

  /** @internal */
  constructor(scope: Scope, field: ListField, place: Place<Y.Array<unknown>>) {
    super(scope, place)
    this.elements = elementsOf(scope, field.element)
  }

  get length(): number {
    return this.place.read()?.length ?? 0
  }

  get(index: number): T | undefined {
    return this.elements.read(this.place.read()?.get(index)) as T | undefined
  }

  push(...items: Input[]): void {
    const stored = items.map(this.elements.write)
    this.scope.write(() => this.place.open().push(stored))
  }

  /** Inserts before the item at an index, from 0 to `length`. */
  insert(index: number, ...items: Input[]): void {
    checkRange(this.scope.name, index, 0, this.length)
    const stored = items.map(this.elements.write)
    this.scope.write(() => this.place.open().insert(index, stored))
  }

  delete(index: number, count: number = 1): void {
    checkRange(this.scope.name, index, count, this.length)
    this.scope.write(() => this.place.open().delete(index, count))
  }

  /**
   * Moves the item at `from` so that it ends up at index `to`. Underneath it is deleted and a copy is inserted: two
   * clients that move the same item at once leave it there twice, an edit inside it that arrives later is lost, and
   * views of it go stale. Where people reorder at once, keep a `map` whose elements carry an order key (a fraction
   * between those of the neighbours), and sort by it.
   */
  move(from: number, to: number): void {
    checkRange(this.scope.name, from, 1, this.length)
    checkRange(this.scope.name, to, 1, this.length)
    this.scope.write(() => {
      const list = this.place.open()
      const item = list.get(from)
      const copy = item instanceof Y.AbstractType ? (item as SharedType).clone() : item
      list.delete(from, 1)
      list.insert(to, [copy])
    })
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const stored of this.stored()) {
      const item = this.elements.read(stored)
      if (item !== undefined) yield item as T
    }
  }

  /** Deep plain JSON. */
  toJSON(): Json<T>[] {
    return this.stored()
      .map(this.elements.json)
      .filter((item) => item !== undefined) as Json<T>[]
  }

  private stored(): unknown[] {
    return this.place.read()?.toArray() ?? []
  }
}

export const listBehaviour: SharedBehaviour = {
  type: Y.Array,
  view: (scope, field, place) => new ListView(scope, field as ListField, place as Place<Y.Array<unknown>>),
  build: (field, initial = [], context) => {
    if (!Array.isArray(initial)) throw invalidInput('expected an array', context.where)
    const list = new Y.Array<unknown>()
    list.push(initial.map((item, index) => buildElement((field as ListField).element, item, index, context)))
    return list
  },
}

/** What a view is as JSON; a plain value is itself. */
export type Json<T> = T extends { toJSON(): infer J } ? J : T
