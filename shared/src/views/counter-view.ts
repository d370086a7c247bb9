import type * as Y from 'yjs'
import { invalidInput } from '../validate.ts'
import type { Place } from './place.ts'
import { openPlace, type Scope } from './scope.ts'

/** A number that many add to at once. Each writer keeps its own part, and the value is the sum of the parts. */
export class CounterView {
  private readonly scope: Scope
  private readonly place: Place<Y.Map<unknown>>

  /** @internal */
  constructor(scope: Scope, place: Place<Y.Map<unknown>>) {
    this.scope = scope
    this.place = place
  }

  get value(): number {
    const parts = [...(this.place.read()?.values() ?? [])].filter(isFiniteNumber)
    // In order of size, because the sum of fractions depends on the order and replicas must agree.
    const sum = parts.sort((a, b) => a - b).reduce((total, part) => total + part, 0)
    return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum))
  }

  /** Adds any finite number; a negative one subtracts. */
  add(amount: number): void {
    const key = this.scope.counterKey()
    const own = this.place.read()?.get(key)
    const next = (isFiniteNumber(own) ? own : 0) + amount
    if (!isFiniteNumber(amount) || !isFiniteNumber(next)) {
      throw invalidInput([{ path: [], message: `Expected a finite number, got ${amount}` }], this.scope.name)
    }
    this.scope.write(() => void this.place.open().set(key, next))
  }

  toJSON(): number {
    return this.value
  }

  /** Calls back after each transaction that changed the counter. Returns the stop. */
  subscribe(listener: () => void): () => void {
    return this.place.observe(listener)
  }

  /** The shared type: the parts by writer. */
  get yjs(): Y.Map<unknown> {
    return openPlace(this.scope, this.place)
  }
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value)
}
