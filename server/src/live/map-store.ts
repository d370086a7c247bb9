import { InterplayError, type LiveMap } from '@interplay/shared'
import type { LiveMapHandle } from './handle.ts'
import { type Found, isEqual, nextOf, take, thawed } from './owned.ts'
import type { LiveWrite } from './write.ts'

type Entities = { [key: string]: unknown }

/** A map of entities as code of the room sees it: ahead of what was sent, by what is not durable yet. */
export class MapStore {
  readonly kind = 'entities'
  readonly #contract: LiveMap
  readonly #where: string
  readonly #found: Found = { bytes: false }
  readonly #entities = new Map<string, unknown>()
  /** All of them as an object, until one changes. */
  #all: Entities | null = null

  constructor(name: string, contract: LiveMap) {
    this.#contract = contract
    this.#where = `live.${name}`
  }

  get entities(): ReadonlyMap<string, unknown> {
    return this.#entities
  }

  get all(): Entities {
    this.#all ??= Object.freeze(Object.fromEntries(this.#entities))
    return this.#all
  }

  /** Throws `invalid-input`. */
  take(key: string, entity: unknown): unknown {
    if (key === '__proto__' || !key.isWellFormed())
      throw new InterplayError('invalid-input', `${this.#where}: ${JSON.stringify(key)} is no usable key.`)
    return take(this.#contract.schema, entity, this.#where, this.#found, [key])
  }

  /** Typed arrays cannot be frozen: what holds some is given out as a copy. */
  read(value: unknown): unknown {
    return this.#found.bytes ? thawed(value) : value
  }

  /** What it begins with, for whoever sends it. */
  get whole(): LiveWrite {
    return { kind: 'entities', entities: new Map(this.#entities) }
  }

  apply(write: LiveWrite): void {
    if (write.kind !== 'entities') return
    this.#all = null
    for (const [key, entity] of write.entities) {
      if (entity === undefined) this.#entities.delete(key)
      else this.#entities.set(key, entity)
    }
  }

  /** Begins a piece of code. `assertOpen` throws once that has ended. */
  begin(assertOpen: () => void): MapDraft {
    return new MapDraft(this, assertOpen)
  }
}

export class MapDraft implements LiveMapHandle<unknown, unknown> {
  readonly #store: MapStore
  readonly #assertOpen: () => void
  readonly #written = new Map<string, unknown>()

  constructor(store: MapStore, assertOpen: () => void) {
    this.#store = store
    this.#assertOpen = assertOpen
  }

  get(): Entities
  get(key: string): unknown
  get(key?: string): unknown {
    return this.#store.read(key === undefined ? this.#all() : this.#one(key))
  }

  set(entities: Entities): void
  set(key: string, entity: unknown): void
  set(...args: [Entities] | [string, unknown]): void {
    this.#assertOpen()
    if (args.length === 2) {
      this.#written.set(args[0], this.#store.take(...args))
      return
    }
    this.#replace(args[0])
  }

  update(change: (draft: Entities) => void): void
  update(key: string, change: (draft: unknown) => unknown): boolean
  update(...args: [(draft: Entities) => void] | [string, (draft: unknown) => unknown]): boolean {
    if (args.length === 1) {
      const draft = this.#draft()
      this.set(nextOf(draft, args[0](draft)) as Entities)
      return true
    }
    const [key, change] = args
    const entity = this.#one(key)
    if (entity === undefined) return false
    const draft = thawed(entity)
    this.set(key, nextOf(draft, change(draft)))
    return true
  }

  delete(key: string): boolean {
    this.#assertOpen()
    if (this.#one(key) === undefined) return false
    this.#written.set(key, undefined)
    return true
  }

  /** `null` where nothing was written. */
  get write(): LiveWrite | null {
    return this.#written.size === 0 ? null : { kind: 'entities', entities: this.#written }
  }

  /** All or nothing: nothing is written where one is refused. */
  #replace(entities: Entities): void {
    if (typeof entities !== 'object' || entities === null || Array.isArray(entities))
      throw new InterplayError('invalid-input', 'A live map is set to an object: its entities by key.')
    const taken: [string, unknown][] = []
    let kept = 0
    for (const key of Object.keys(entities)) {
      const before = this.#one(key)
      const entity = entities[key]
      if (before !== undefined) {
        kept += 1
        if (isEqual(before, entity)) continue
      }
      taken.push([key, this.#store.take(key, entity)])
    }
    const keys = this.#written.size > 0 || kept < this.#store.entities.size ? this.#keys() : []
    for (const [key, entity] of taken) this.#written.set(key, entity)
    for (const key of keys) if (!Object.hasOwn(entities, key)) this.#written.set(key, undefined)
  }

  /** All of them, to be changed. */
  #draft(): Entities {
    const draft: Entities = {}
    if (this.#written.size > 0) for (const key of this.#keys()) draft[key] = thawed(this.#one(key))
    else for (const [key, entity] of this.#store.entities) draft[key] = thawed(entity)
    return draft
  }

  #one(key: string): unknown {
    return this.#written.has(key) ? this.#written.get(key) : this.#store.entities.get(key)
  }

  #keys(): string[] {
    const keys = [...this.#store.entities.keys()].filter((key) => this.#one(key) !== undefined)
    for (const [key, entity] of this.#written)
      if (entity !== undefined && !this.#store.entities.has(key)) keys.push(key)
    return keys
  }

  #all(): Entities {
    if (this.#written.size === 0) return this.#store.all
    return Object.freeze(Object.fromEntries(this.#keys().map((key) => [key, this.#one(key)])))
  }
}
