import { InterplayError, type Issue } from './error.ts'
import { invalidInput, type Schema, validateSync } from './validate.ts'

/** Nesting of a plain value that state holds at most; a value that contains itself ends here too. */
const maxDepth = 64

/** Replaces lone surrogates, which the wire cannot carry: replicas would differ. */
export function wellFormed(text: string): string {
  return text.toWellFormed()
}

/** Throws `invalid-input` unless `index` and `count` are whole numbers inside a list or text of this length. */
export function checkRange(where: string, index: number, count: number, length: number): void {
  const whole = Number.isSafeInteger(index) && Number.isSafeInteger(count)
  if (whole && index >= 0 && count >= 0 && index + count <= length) return
  const range = count === 0 ? `index ${index}` : `${count} from index ${index}`
  throw invalidInput(`${range} is outside its length of ${length}`, where)
}

/** Gives stored values as their schema knows them. */
export interface PlainReader {
  /** The stored value, checked; `undefined` when the schema does not accept it. Objects are frozen. */
  read(stored: unknown): unknown
  /** What to store for an input: checked, copied, frozen JSON. Throws `invalid-input`. */
  write(input: unknown, where: string): unknown
}

const readers = new WeakMap<Schema, PlainReader>()

/** The reader of a schema. Objects in a document never change, so each is checked once. */
export function plainReader(schema: Schema): PlainReader {
  let reader = readers.get(schema)
  if (!reader) {
    reader = createReader(schema)
    readers.set(schema, reader)
  }
  return reader
}

function createReader(schema: Schema): PlainReader {
  const checked = new WeakMap<object, unknown>()

  const check = (stored: unknown): unknown => {
    try {
      if (!isPlain(stored)) return undefined
      const output = validateSync(schema, freeze(stored))
      return isEqual(output, stored) ? stored : freeze(output)
    } catch {
      return undefined
    }
  }

  const read = (stored: unknown): unknown => {
    if (stored === undefined) return undefined
    if (typeof stored !== 'object' || stored === null) return check(stored)
    if (checked.has(stored)) return checked.get(stored)
    const value = check(stored)
    checked.set(stored, value)
    return value
  }

  const write = (input: unknown, where: string): unknown => {
    let output: unknown
    try {
      output = validateSync(schema, input)
    } catch (error) {
      throw error instanceof InterplayError ? invalidInput(error.issues, where) : error
    }
    const stored = plainCopy(output, where)
    // What came through unchanged has been checked just now. What is only written is not remembered, which would cost.
    if (isEqual(stored, input) || check(stored) !== undefined) return freeze(stored)
    const message =
      'The schema does not accept its own output. State is checked on every read: use a schema without transforms'
    throw invalidInput(message, where)
  }

  return { read, write }
}

/** A copy that is JSON and nothing else, so that every replica reads what the writer wrote. */
function plainCopy(value: unknown, where: string, path: readonly (string | number)[] = []): unknown {
  const refuse = (message: string): never => {
    throw invalidInput([{ path, message } satisfies Issue], where)
  }
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value
  if (typeof value === 'string') return wellFormed(value)
  if (typeof value !== 'object')
    return refuse(`${typeof value === 'number' ? value : typeof value} is not JSON`)
  if (path.length >= maxDepth) return refuse(`Nested deeper than ${maxDepth}`)
  if (Array.isArray(value))
    return Array.from(value, (item, index) => plainCopy(item, where, [...path, index]))
  if (!isPlain(value)) return refuse(`A ${value.constructor?.name} is not JSON`)
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (key === '__proto__') return refuse('The key __proto__ cannot be stored in a value')
    if (item !== undefined) copy[wellFormed(key)] = plainCopy(item, where, [...path, key])
  }
  return copy
}

/** Whether a value is no instance of a class: a shared type, a Date, bytes. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const item of Object.values(value)) freeze(item)
  return value
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key as never], b[key as never]))
  )
}
