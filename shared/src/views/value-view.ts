import type { ValueField } from '../field.ts'
import { plainReader } from '../plain.ts'
import { observeKey, type Place, type YMap } from './place.ts'
import type { Scope, ValueBehaviour } from './scope.ts'

/** One plain JSON value; the last write wins. `T` is what it reads as, `Input` what it takes. */
export class ValueView<T, Input = T> {
  private readonly scope: Scope
  private readonly field: ValueField
  private readonly parent: Place<YMap>
  private readonly key: string
  private readonly where: string

  /** @internal */
  constructor(scope: Scope, field: ValueField, parent: Place<YMap>, key: string, where: string) {
    this.scope = scope
    this.field = field
    this.parent = parent
    this.key = key
    this.where = where
  }

  /** The value, or the default when there is none or the schema does not accept what is stored. Objects are frozen. */
  get(): T {
    const stored = this.parent.read()?.get(this.key)
    const value = stored === undefined ? undefined : plainReader(this.field.schema).read(stored)
    return (value === undefined ? this.field.default : value) as T
  }

  /** Throws `invalid-input` when the schema does not accept the value. */
  set(value: Input): void {
    const stored = plainReader(this.field.schema).write(value, this.where)
    this.scope.write(() => void this.parent.open().set(this.key, stored))
  }

  /** Back to the default. */
  delete(): void {
    this.scope.write(() => this.parent.open().delete(this.key))
  }

  toJSON(): T {
    return this.get()
  }

  /** Calls back after each transaction that set or deleted this value. Returns the stop. */
  subscribe(listener: () => void): () => void {
    return observeKey(this.parent, this.key, listener)
  }
}

export const valueBehaviour: ValueBehaviour = (scope, field, parent, key, where) =>
  new ValueView(scope, field as ValueField, parent, key, where)
