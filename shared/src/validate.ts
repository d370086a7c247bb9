import type { StandardSchemaV1 } from '@standard-schema/spec'
import { InterplayError, type Issue } from './error.ts'

/** Any schema of a Standard Schema library: Zod, Valibot, ArkType and others. */
export type Schema = StandardSchemaV1

/** What a schema takes; nothing without a schema. */
export type InputOf<S> = S extends Schema ? StandardSchemaV1.InferInput<S> : Nothing

/** What a schema makes of it; nothing without a schema. */
export type OutputOf<S> = S extends Schema ? StandardSchemaV1.InferOutput<S> : Nothing

// biome-ignore lint/suspicious/noConfusingVoidType: handlers without an output may return nothing at all.
type Nothing = void

/** Issues that an error carries at most: a hostile input must not grow its own answer without bound. */
const maxIssues = 20

/**
 * The schema's output; a promise of it where the schema is asynchronous. Without a schema only `undefined` and `null`
 * pass, as `undefined`.
 * Throws or rejects with `InterplayError('invalid-input')` and its issues; what a schema itself throws passes through.
 */
export function validate<S extends Schema | undefined>(
  schema: S,
  value: unknown,
): OutputOf<S> | Promise<OutputOf<S>> {
  const result = schema ? schema['~standard'].validate(value) : validateNothing(value)
  return 'then' in result ? result.then(settle<S>) : settle<S>(result)
}

/** {@link validate} for places that cannot wait. An asynchronous schema is refused with a `TypeError`. */
export function validateSync<S extends Schema | undefined>(schema: S, value: unknown): OutputOf<S> {
  const result = schema ? schema['~standard'].validate(value) : validateNothing(value)
  if (!('then' in result)) return settle<S>(result)
  result.catch(() => {})
  throw new TypeError('This schema is asynchronous. State needs a schema that validates at once.')
}

function validateNothing(value: unknown): StandardSchemaV1.Result<unknown> {
  return value == null ? { value: undefined } : { issues: [{ message: 'Expected nothing' }] }
}

function settle<S>(result: StandardSchemaV1.Result<unknown>): OutputOf<S> {
  if (result.issues) throw invalidInput(Array.from(result.issues, plainIssue).slice(0, maxIssues))
  return result.value as OutputOf<S>
}

function plainIssue({ message, path = [] }: StandardSchemaV1.Issue): Issue {
  return {
    path: Array.from(path, (segment) => {
      const key = typeof segment === 'object' ? segment.key : segment
      return typeof key === 'symbol' ? String(key) : key
    }),
    message,
  }
}

/** The error of an input: one fault or several. `where` and the first path name the place in its message. */
export function invalidInput(fault: string | readonly Issue[], where = ''): InterplayError {
  const issues = typeof fault === 'string' ? [{ path: [], message: fault }] : fault
  const [first] = issues
  const place = [where, ...(first?.path ?? [])].filter((key) => key !== '').join('.')
  return new InterplayError('invalid-input', `${place || 'Input'}: ${first?.message ?? 'invalid'}`, {
    issues,
  })
}
