import * as decoding from 'lib0/decoding'
import type { ByteWriter } from './byte-writer.ts'
import type { KeyTable } from './key-table.ts'
import * as tag from './tag.ts'
import { bytesOf, isTypedArray, kindOf, typedArray } from './typed-array.ts'
import { unreadable } from './unreadable.ts'

const maxSmall = 255 - tag.small

/** Values that hold each other this deep are as deep as they get: one that holds itself ends here too. */
export const maxDepth = 64

export type PlainObject = { [key: string]: unknown }

/** Writes a value: JSON, with typed arrays in it. Throws a `TypeError` on anything else. */
export function writeValue(writer: ByteWriter, keys: KeyTable, value: unknown, depth = 0): void {
  if (typeof value === 'number') return writeNumber(writer, value)
  if (typeof value === 'string') {
    writer.byte(tag.text)
    return writer.string(value)
  }
  if (value === null) return writer.byte(tag.none)
  if (typeof value === 'boolean') return writer.byte(value ? tag.yes : tag.no)
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} is no live value.`)
  if (depth >= maxDepth) throw new TypeError(`A live value is nested deeper than ${maxDepth}.`)
  if (Array.isArray(value)) {
    writer.byte(tag.array)
    writer.varUint(value.length)
    for (const item of value) writeValue(writer, keys, item, depth + 1)
    return
  }
  if (isTypedArray(value)) {
    const kind = kindOf(value)
    if (kind < 0) throw new TypeError(`A ${value[Symbol.toStringTag]} is no live value.`)
    writer.byte(tag.bytes)
    writer.varUint(kind)
    writer.varUint(value.byteLength)
    return writer.raw(bytesOf(value))
  }
  const names = Object.keys(value)
  writer.byte(tag.object)
  writer.varUint(names.length)
  for (const name of names) {
    writer.varUint(keys.number(name))
    writeValue(writer, keys, (value as PlainObject)[name], depth + 1)
  }
}

/** Reads a value whose first byte was `first`. */
export function readValue(
  decoder: decoding.Decoder,
  keys: readonly string[],
  first: number = decoding.readUint8(decoder),
  depth = 0,
): unknown {
  if (first >= tag.small) return first - tag.small
  switch (first) {
    case tag.none:
      return null
    case tag.no:
      return false
    case tag.yes:
      return true
    case tag.integer: {
      const zigzag = decoding.readVarUint(decoder)
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    case tag.float32:
      return decoding.readFloat32(decoder)
    case tag.float64:
      return decoding.readFloat64(decoder)
    case tag.text:
      return decoding.readVarString(decoder)
    case tag.bytes:
      return typedArray(decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder).slice())
  }
  let left = decoding.readVarUint(decoder)
  const inner = () => readValue(decoder, keys, undefined, depth + 1)
  // Each has a byte at least.
  if (depth >= maxDepth || left > decoder.arr.length - decoder.pos) throw unreadable
  if (first === tag.array) {
    const items: unknown[] = []
    for (; left > 0; left--) items.push(inner())
    return items
  }
  if (first !== tag.object) throw unreadable
  const object: PlainObject = {}
  for (; left > 0; left--) object[readName(decoder, keys)] = inner()
  return object
}

/** Reads a key by its number. */
export function readName(decoder: decoding.Decoder, keys: readonly string[]): string {
  return nameOf(keys, decoding.readVarUint(decoder))
}

export function nameOf(keys: readonly string[], number: number): string {
  const key = keys[number]
  if (key === undefined) throw unreadable
  return key
}

/** In the fewest bytes that hold it exactly. */
function writeNumber(writer: ByteWriter, value: number): void {
  const isWhole = Number.isSafeInteger(value) && !Object.is(value, -0)
  if (isWhole && value >= 0 && value <= maxSmall) return writer.byte(tag.small + value)
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value
  if (isWhole && zigzag < 2 ** 28) return writeInteger(writer, zigzag)
  if (Object.is(Math.fround(value), value)) {
    writer.byte(tag.float32)
    return writer.float32(value)
  }
  if (isWhole && zigzag < 2 ** 49) return writeInteger(writer, zigzag)
  writer.byte(tag.float64)
  writer.float64(value)
}

function writeInteger(writer: ByteWriter, zigzag: number): void {
  writer.byte(tag.integer)
  writer.varUint(zigzag)
}
