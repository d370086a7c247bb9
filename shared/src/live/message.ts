import type { ErrorBody } from '../error.ts'
import { ByteWriter } from './byte-writer.ts'

/**
 * What a message is. A map of entities has kinds of its own: its payload is made of parts, which can be left out one by one
 * for a reader that is not interested.
 */
export const full = 0
export const delta = 1
/** Added to a kind, it makes it one of entities. */
export const entities = 2
export const refused = 4

export interface FullMessage {
  readonly entities: boolean
  /** Counts the messages that a reader gets. */
  readonly version: number
  /** When it was made: milliseconds since the sender began. */
  readonly at: number
  /** All keys, in the order of their numbers. */
  readonly keys: readonly string[]
  readonly payload: Uint8Array
}

export interface DeltaMessage extends FullMessage {
  /** The version it builds on. */
  readonly base: number
  /** The number of the first of its keys, which are new. */
  readonly firstKey: number
}

export function writeFull(message: FullMessage): Uint8Array<ArrayBuffer> {
  const { version, at, keys, payload } = message
  const writer = new ByteWriter(payload.length + 64)
  writer.byte(message.entities ? full + entities : full)
  writer.varUint(version)
  writer.varUint(at)
  writer.varUint(keys.length)
  for (const key of keys) writer.string(key)
  writer.raw(payload)
  return writer.slice()
}

export function writeDelta(message: DeltaMessage): Uint8Array<ArrayBuffer> {
  const { version, base, at, keys, firstKey, payload } = message
  const writer = new ByteWriter(payload.length + 64)
  writer.byte(message.entities ? delta + entities : delta)
  writer.varUint(version)
  writer.varUint(base)
  writer.varUint(at)
  writer.varUint(keys.length)
  if (keys.length > 0) writer.varUint(firstKey)
  for (const key of keys) writer.string(key)
  writer.raw(payload)
  return writer.slice()
}

/** A subscription was not accepted, and why. */
export function writeRefused(error: ErrorBody): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  writer.byte(refused)
  writer.string(JSON.stringify(error))
  return writer.slice()
}
