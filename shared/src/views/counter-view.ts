import * as Y from 'yjs'
import { invalidInput } from '../validate.ts'
import type { Place, YMap } from './place.ts'
import type { SharedBehaviour } from './scope.ts'
import { SharedView } from './shared-view.ts'

/** A number that many add to at once. Each writer keeps its own part, and the value is the sum of the parts. */
export class CounterView extends SharedView<YMap> {
  get value(): number {
    return sumOfParts(this.place.read()?.values() ?? [])
  }

  /** Adds any finite number; a negative one subtracts. */
  add(amount: number): void {
    const key = this.scope.counterKey()
    const own = this.place.read()?.get(key)
    const next = (isFiniteNumber(own) ? own : 0) + amount
    if (!isFiniteNumber(amount) || !isFiniteNumber(next)) {
      throw invalidInput(`expected a finite number, got ${amount}`, this.scope.name)
    }
    this.scope.write(() => void this.place.open().set(key, next))
  }

  toJSON(): number {
    return this.value
  }
}

/** What a counter reads as whose writers have these parts. What is no number counts nothing. */
export function sumOfParts(parts: Iterable<unknown>): number {
  // In order of size, because the sum of fractions depends on the order and replicas must agree.
  const sorted = [...parts].filter(isFiniteNumber).sort((a, b) => a - b)
  const sum = sorted.reduce((total, part) => total + part, 0)
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum))
}

export const counterBehaviour: SharedBehaviour = {
  type: Y.Map,
  view: (scope, _, place) => new CounterView(scope, place as Place<YMap>),
  build: (_, initial, { where, counterKey }) => {
    if (initial === undefined) return new Y.Map()
    if (isFiniteNumber(initial)) return new Y.Map([[counterKey, initial]])
    throw invalidInput('expected a finite number', where)
  },
}

function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value)
}
