import { InterplayError, type Schema, validateSync } from '@interplay/shared'
import { copyOf, invalidInput, isTypedArray, kindOf, maxDepth, type TypedArray } from '@interplay/shared/live'

/** What was found in values that were taken: typed arrays cannot be frozen, so values that hold them are handed out as copies. */
export interface Found {
  bytes: boolean
}

type Path = (string | number)[]

/**
 * A deeply frozen copy of what a schema makes of a value: JSON and typed arrays, and nothing else. What its giver does to it
 * later changes nothing here. Throws `invalid-input` with the path; `where` names the place in its message.
 */
export function take(schema: Schema, value: unknown, where: string, found: Found, path: Path = []): unknown {
  return own(checked(schema, value, where, path), where, path, found)
}

/** A copy that may be changed, all the way down. */
export function thawed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (isTypedArray(value)) return copyOf(value)
  if (Array.isArray(value)) return value.map(thawed)
  const copy: Record<string, unknown> = { ...value }
  for (const key in copy) {
    const item = copy[key]
    if (typeof item === 'object' && item !== null) copy[key] = thawed(item)
  }
  return copy
}

/** Whether two values have the same content. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (isTypedArray(one) || isTypedArray(other))
    return isTypedArray(one) && isTypedArray(other) && isSameArray(one, other)
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  for (const key of keys)
    if (!Object.hasOwn(other, key) || !isEqual(one[key as never], other[key as never])) return false
  return true
}

/** The next value that `update` was given, or the draft it changed. */
export function nextOf(draft: unknown, returned: unknown): unknown {
  if (typeof (returned as PromiseLike<unknown> | null)?.then === 'function')
    throw new TypeError('update takes a function that returns at once, not an asynchronous one.')
  return returned === undefined ? draft : returned
}

function isSameArray(one: TypedArray, other: TypedArray): boolean {
  return (
    kindOf(one) === kindOf(other) &&
    one.length === other.length &&
    one.every((item, index) => Object.is(item, other[index]))
  )
}

function checked(schema: Schema, value: unknown, where: string, path: Path): unknown {
  try {
    return validateSync(schema, value)
  } catch (error) {
    if (!(error instanceof InterplayError)) throw error
    const issues = error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }))
    throw invalidInput(issues, where)
  }
}

function own(value: unknown, where: string, path: Path, found: Found): unknown {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw fault(where, path, `${value} is not JSON`)
      return value
    case 'string':
      // What the wire cannot carry would be another text at the clients.
      return value.toWellFormed()
    case 'object':
      return value === null ? null : ownObject(value, where, path, found)
    default:
      throw fault(where, path, `${typeof value} is not JSON`)
  }
}

function ownObject(value: object, where: string, path: Path, found: Found): unknown {
  if (isTypedArray(value)) {
    if (kindOf(value) < 0) throw fault(where, path, `A ${value[Symbol.toStringTag]} cannot be sent`)
    found.bytes = true
    return copyOf(value)
  }
  if (path.length >= maxDepth) throw fault(where, path, `Nested deeper than ${maxDepth}`)
  if (Array.isArray(value)) {
    const items = Array.from(value, (item, index) => {
      path.push(index)
      const owned = own(item, where, path, found)
      path.pop()
      return owned
    })
    return Object.freeze(items)
  }
  if (!isPlain(value)) throw fault(where, path, `A ${value.constructor?.name} is not JSON`)
  // A copy of the same shape is made at once; what of it must be another is set then.
  const copy: Record<string, unknown> = { ...value }
  for (const key of Object.keys(copy)) {
    const item = copy[key]
    if (key === '__proto__') throw fault(where, path, 'The key __proto__ cannot be sent')
    if (!key.isWellFormed()) throw fault(where, path, 'A key is no well-formed text')
    if (item === undefined) delete copy[key]
    else if (typeof item !== 'boolean' && !(typeof item === 'number' && Number.isFinite(item))) {
      path.push(key)
      copy[key] = own(item, where, path, found)
      path.pop()
    }
  }
  return Object.freeze(copy)
}

function fault(where: string, path: Path, message: string): InterplayError {
  return invalidInput([{ path: [...path], message }], where)
}

/** Whether a value is no instance of a class. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
