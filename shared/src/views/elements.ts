import { type Element, isSchema } from '../fields.ts'
import { plainReader } from '../plain.ts'
import type { Scope } from './scope.ts'

/** How a list or map reads and writes what it holds. */
export interface Elements {
  /** A plain value or a view; `undefined` when what is stored does not fit the definition. */
  read(stored: unknown): unknown
  /** What to store for a plain value: JSON, or a new shared type. Throws `invalid-input`. */
  write(input: unknown): unknown
  /** The plain JSON of what is stored; `undefined` when it does not fit. */
  json(stored: unknown): unknown
}

export function elementsOf(scope: Scope, element: Element): Elements {
  if (isSchema(element)) {
    const { read, write } = plainReader(element)
    return { read, write: (input) => write(input, scope.name), json: read }
  }
  return {
    read: (stored) => scope.view(element, stored),
    write: (input) => scope.build(element, input),
    json: (stored) => scope.view(element, stored)?.toJSON(),
  }
}
