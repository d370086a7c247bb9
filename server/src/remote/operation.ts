/** A field of the state, and from there the keys of maps, the indices of lists and the fields of records. */
export type OperationPath = readonly (string | number)[]

type Arguments = {
  /** Puts a value into a `value` field, under a key of a map, or in the place of an item of a list. */
  readonly set: { readonly value: unknown }
  /** Sets these properties of a record, or of an object under a key of a map; the others stay. */
  readonly update: { readonly value: Readonly<Record<string, unknown>> }
  /** Takes away an entry of a map or items of a list from an index on, or puts a `value` field back to its default. */
  readonly delete: { readonly count: number }
  /** Puts items into a list, before the one at an index. */
  readonly insert: { readonly index: number; readonly values: readonly unknown[] }
  /** Puts items behind the last one of a list. */
  readonly push: { readonly values: readonly unknown[] }
  /** Moves an item of a list. */
  readonly move: { readonly from: number; readonly to: number }
  /** Adds to a counter. */
  readonly add: { readonly amount: number }
  readonly appendText: { readonly text: string }
  /** Indices and lengths of texts count UTF-16 code units. */
  readonly insertText: { readonly index: number; readonly text: string }
  readonly deleteText: { readonly index: number; readonly length: number }
  /** Makes a text equal to this one by the smallest change. */
  readonly replaceText: { readonly text: string }
}

export type OperationName = keyof Arguments

/** One change of the state that a service asks for. */
export type Operation = {
  [O in OperationName]: { readonly op: O; readonly path: OperationPath } & Arguments[O]
}[OperationName]

type Check = (value: unknown) => string | null

const maxPathLength = 32
const maxKeyLength = 1_000
/** Items that one operation may carry: they become arguments of one call. */
const maxValues = 10_000

const isNumber: Check = (value) => (Number.isFinite(value) ? null : 'a number')
const isText: Check = (value) => (typeof value === 'string' ? null : 'a string')
const isThere: Check = (value) => (value !== undefined ? null : 'a JSON value')
const isObject: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'an object'
const areValues: Check = (value) =>
  Array.isArray(value) && value.length <= maxValues ? null : `an array of at most ${maxValues} values`

const checks: { readonly [O in OperationName]: { readonly [K in keyof Arguments[O]]: Check } } = {
  set: { value: isThere },
  update: { value: isObject },
  delete: { count: isNumber },
  insert: { index: isNumber, values: areValues },
  push: { values: areValues },
  move: { from: isNumber, to: isNumber },
  add: { amount: isNumber },
  appendText: { text: isText },
  insertText: { index: isNumber, text: isText },
  deleteText: { index: isNumber, length: isNumber },
  replaceText: { text: isText },
}

/** What may be left out, and what it is then. */
const defaults: Readonly<Record<string, Readonly<Record<string, unknown>>>> = { delete: { count: 1 } }

/** What was sent is no operation: why, and its path if it has one. */
export interface OperationFault {
  readonly fault: string
  readonly path: OperationPath | null
}

/** An operation as it was sent, or why it is none. Members that it does not know are left out. */
export function readOperation(sent: unknown): Operation | OperationFault {
  if (isObject(sent) !== null) return { fault: 'it is not an object', path: null }
  const { op, path, ...given } = sent as Record<string, unknown>
  if (!isPath(path)) {
    const fault = `its 'path' is not an array of 1 to ${maxPathLength} integers and strings of at most ${maxKeyLength} characters`
    return { fault, path: null }
  }
  if (typeof op !== 'string' || !Object.hasOwn(checks, op))
    return { fault: `its 'op' is none of ${Object.keys(checks).join(', ')}`, path }
  const read: Record<string, unknown> = { op, path }
  for (const [name, check] of Object.entries(checks[op as OperationName])) {
    read[name] = given[name] ?? defaults[op]?.[name] ?? given[name]
    const expected = (check as Check)(read[name])
    if (expected !== null) return { fault: `its '${name}' is not ${expected}`, path }
  }
  return read as unknown as Operation
}

function isPath(path: unknown): path is OperationPath {
  if (!Array.isArray(path) || path.length === 0 || path.length > maxPathLength) return false
  return path.every((step) =>
    typeof step === 'string' ? step.length <= maxKeyLength : Number.isSafeInteger(step),
  )
}
