import { type ErrorBody, InterplayError } from '@interplay/shared'
import { badReply } from './failure.ts'
import { type Operation, readOperation } from './operation.ts'

/** What a service answers an event with: its effect, or a failure that is expected and the caller's to know. */
export type RemoteReply =
  | { readonly at: 'done'; readonly output: unknown; readonly operations: readonly Operation[] }
  | { readonly at: 'failed'; readonly error: InterplayError }

/** Deeper than any value that state holds. */
const maxDepth = 100
const maxCodeLength = 100
const maxMessageLength = 2_000

/** Reads the body of a 200. Throws `internal` if it is no reply. */
export function readReply(bytes: Uint8Array): RemoteReply {
  const sent = readJson(bytes)
  if (!isObject(sent)) throw badReply('it is not a JSON object')
  const { output, error, operations } = sent
  if (isGiven(error)) {
    if (isGiven(operations) || isGiven(output))
      throw badReply('it has an error, and something else beside it')
    return { at: 'failed', error: InterplayError.from(readError(error)) }
  }
  if (!isGiven(operations)) return { at: 'done', output, operations: [] }
  if (!Array.isArray(operations)) throw badReply("its 'operations' are not an array")
  return { at: 'done', output, operations: operations.map(readNumbered) }
}

function readNumbered(sent: unknown, index: number): Operation {
  const read = readOperation(sent)
  if (!('fault' in read)) return read
  throw badReply(`operation ${index}: ${read.fault}`, { operation: index, path: read.path })
}

function readError(error: unknown): ErrorBody {
  if (!isObject(error)) throw badReply("its 'error' is not an object")
  const { code, message, details } = error
  if (!isText(code, maxCodeLength) || code === '') throw badReply("its 'error' has no 'code'")
  if (!isText(message, maxMessageLength)) throw badReply("its 'error' has no 'message'")
  return { code, message, ...(isGiven(details) && { details }) }
}

function readJson(bytes: Uint8Array): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw badReply('it is not JSON')
  }
  if (isDeeperThan(maxDepth, value)) throw badReply(`it is nested deeper than ${maxDepth}`)
  return value
}

/** Without recursion: what is deep enough would end every recursion that comes after, serialisation among them. */
function isDeeperThan(limit: number, value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

/** Some languages write what is missing as `null`. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
