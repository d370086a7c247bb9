import * as Y from 'yjs'
import type { MapField } from '../field.ts'
import { wellFormed } from '../plain.ts'
import { buildElement, contentOf, type Elements, elementsOf } from './element.ts'
import type { Json } from './list-view.ts'
import type { Place, YMap } from './place.ts'
import type { Scope, SharedBehaviour } from './scope.ts'
import { SharedView } from './shared-view.ts'

/** What `update` takes: the properties to replace, or a function from the current value to the next one. */
export type Change<T, Input> =
  | (Input extends readonly unknown[] ? never : Input extends object ? Partial<Input> : never)
  | ((current: T) => Input)

/**
 * Plain JSON values under string keys (any string, `__proto__` too). A value is replaced as a whole, the last write
 * wins, and values are frozen: change them with `set` or `update`. `T` is what it reads, `Input` what it takes.
 * Values that do not fit the schema, written by another version or a hostile client, are counted by `size`, `has` and
 * `keys`; `get` gives `undefined` for them, `values`, `entries` and `toJSON` skip them. The order of keys is not shared.
 */
export class MapView<T, Input = T> extends SharedView<YMap> {
  private readonly elements: Elements

  /** @internal */
  constructor(scope: Scope, field: MapField, place: Place<YMap>) {
    super(scope, place)
    this.elements = elementsOf(scope, field.element)
  }

  get size(): number {
    return this.place.read()?.size ?? 0
  }

  get(key: string): T | undefined {
    return this.elements.read(this.place.read()?.get(key)) as T | undefined
  }

  set(key: string, value: Input): void {
    const stored = this.elements.write(value)
    const safeKey = wellFormed(key)
    this.scope.write(() => void this.place.open().set(safeKey, stored))
  }

  /**
   * Replaces the value by itself with these properties changed (`undefined` removes one), or by what the function
   * makes of it. Says whether there was a value; without one nothing happens.
   */
  update(key: string, change: Change<T, Input>): boolean {
    const current = this.get(key)
    if (current === undefined) return false
    const next = typeof change === 'function' ? change(current) : { ...current, ...change }
    this.set(key, next as Input)
    return true
  }

  /** Says whether there was a value. */
  delete(key: string): boolean {
    if (!this.has(key)) return false
    this.scope.write(() => this.place.open().delete(key))
    return true
  }

  has(key: string): boolean {
    return this.place.read()?.has(key) ?? false
  }

  keys(): IterableIterator<string> {
    return (this.place.read()?.keys() ?? [].values()) as IterableIterator<string>
  }

  *values(): IterableIterator<T> {
    for (const [, value] of this.entries()) yield value
  }

  *entries(): IterableIterator<[key: string, value: T]> {
    for (const [key, stored] of this.place.read()?.entries() ?? []) {
      const value = this.elements.read(stored)
      if (value !== undefined) yield [key, value as T]
    }
  }

  [Symbol.iterator](): IterableIterator<[key: string, value: T]> {
    return this.entries()
  }

  /** Deep plain JSON. */
  toJSON(): Record<string, Json<T>> {
    const entries: [string, unknown][] = []
    this.place.read()?.forEach((stored, key) => {
      const value = this.elements.json(stored)
      if (value !== undefined) entries.push([key, value])
    })
    return Object.fromEntries(entries) as Record<string, Json<T>>
  }
}

/**
 * Shared types under string keys: `get` gives the view of one, `set` puts a new one there with this plain content.
 * Change one through its view: `cards.get(id)?.set({ done: true })`. Otherwise as {@link MapView}.
 */
export interface SharedMapView<T, Input> extends Omit<MapView<T, Input>, 'update'> {
  [Symbol.iterator](): IterableIterator<[key: string, value: T]>
}

export const mapBehaviour: SharedBehaviour = {
  type: Y.Map,
  view: (scope, field, place) => new MapView(scope, field as MapField, place as Place<YMap>),
  build: (field, initial = {}, context) => {
    const { element } = field as MapField
    const map = new Y.Map<unknown>()
    for (const [key, item] of Object.entries(contentOf(initial, context))) {
      map.set(wellFormed(key), buildElement(element, item, key, context))
    }
    return map
  },
}
