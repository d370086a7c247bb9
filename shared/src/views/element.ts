import { type Element, isSchema } from '../field.ts'
import { plainReader } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import { type BuildContext, behaviour, type Scope } from './scope.ts'

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
    write: (input) =>
      element[behaviour].build(element, input, { where: scope.name, counterKey: scope.counterKey() }),
    json: (stored) => scope.view(element, stored)?.toJSON(),
  }
}

/** What to store for the element under a key of something that is being built. */
export function buildElement(
  element: Element,
  initial: unknown,
  key: string | number,
  context: BuildContext,
): unknown {
  const where = `${context.where}.${key}`
  return isSchema(element)
    ? plainReader(element).write(initial, where)
    : element[behaviour].build(element, initial, { ...context, where })
}

/** The contents of a map or record that is being built. */
export function contentOf(initial: unknown, { where }: BuildContext): Readonly<Record<string, unknown>> {
  if (typeof initial === 'object' && initial !== null && !Array.isArray(initial)) {
    return initial as Record<string, unknown>
  }
  throw invalidInput('expected an object', where)
}
