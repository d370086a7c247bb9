import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { KeyTable } from './key-table.ts'
import { bytesOf, isTypedArray, kindOf, typedArray } from './typed-array.ts'

/** What a value begins with. From `small` on it is a whole number by itself. `change.ts` has those of changes. */
export const tags = {
  null: 0,
  false: 1,
  true: 2,
  integer: 3,
  float32: 4,
  float64: 5,
  string: 6,
  array: 7,
  object: 8,
  bytes: 9,
  removed: 10,
  inObject: 11,
  inArray: 12,
  inBytes: 13,
  small: 64,
} as const

const maxSmall = 255 - tags.small

/** Values that hold each other this deep are as deep as they get: one that holds itself ends here too. */
export const maxDepth = 64

export type PlainObject = { [key: string]: unknown }

/** Writes a value: JSON, with typed arrays in it. Throws a `TypeError` on anything else. */
export function writeValue(writer: ByteWriter, keys: KeyTable, value: unknown, depth = 0): void {
  if (typeof value === 'number') return writeNumber(writer, value)
  if (typeof value === 'string') {
    writer.byte(tags.string)
    return writer.string(value)
  }
  if (value === null) return writer.byte(tags.null)
  if (typeof value === 'boolean') return writer.byte(value ? tags.true : tags.false)
  if (typeof value !== 'object') throw new TypeError(`A ${typeof value} is no live value.`)
  if (depth >= maxDepth) throw new TypeError(`A live value is nested deeper than ${maxDepth}.`)
  if (Array.isArray(value)) {
    writer.byte(tags.array)
    writer.varUint(value.length)
    for (const item of value) writeValue(writer, keys, item, depth + 1)
    return
  }
  if (isTypedArray(value)) {
    const kind = kindOf(value)
    if (kind < 0) throw new TypeError(`A ${value[Symbol.toStringTag]} is no live value.`)
    writer.byte(tags.bytes)
    writer.varUint(kind)
    writer.varUint(value.byteLength)
    return writer.raw(bytesOf(value))
  }
  const names = Object.keys(value)
  writer.byte(tags.object)
  writer.varUint(names.length)
  for (const name of names) {
    writer.varUint(keys.number(name))
    writeValue(writer, keys, (value as PlainObject)[name], depth + 1)
  }
}

export function readValue(
  reader: ByteReader,
  keys: readonly string[],
  tag: number = reader.byte(),
  depth = 0,
): unknown {
  if (tag >= tags.small) return tag - tags.small
  if (depth >= maxDepth && (tag === tags.array || tag === tags.object)) throw new RangeError('too deep')
  switch (tag) {
    case tags.null:
      return null
    case tags.false:
      return false
    case tags.true:
      return true
    case tags.integer: {
      const zigzag = reader.varUint()
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    case tags.float32:
      return reader.float32()
    case tags.float64:
      return reader.float64()
    case tags.string:
      return reader.string()
    case tags.array: {
      const items: unknown[] = []
      for (let left = readCount(reader); left > 0; left--)
        items.push(readValue(reader, keys, reader.byte(), depth + 1))
      return items
    }
    case tags.object: {
      const object: PlainObject = {}
      for (let left = readCount(reader); left > 0; left--)
        object[keyAt(keys, reader.varUint())] = readValue(reader, keys, reader.byte(), depth + 1)
      return object
    }
    case tags.bytes:
      return typedArray(reader.varUint(), reader.raw(reader.varUint()).slice())
    default:
      throw new RangeError(`no value begins with ${tag}`)
  }
}

/** How many follow. Each has a byte at least. */
export function readCount(reader: ByteReader): number {
  const count = reader.varUint()
  if (count > reader.left) throw new RangeError('a count beyond the end')
  return count
}

export function keyAt(keys: readonly string[], number: number): string {
  const key = keys[number]
  if (key === undefined) throw new RangeError('a key that was never told')
  return key
}

/** In the fewest bytes that hold it exactly. */
function writeNumber(writer: ByteWriter, value: number): void {
  const isWhole = Number.isSafeInteger(value) && !Object.is(value, -0)
  if (isWhole && value >= 0 && value <= maxSmall) return writer.byte(tags.small + value)
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value
  if (isWhole && zigzag < 2 ** 28) return writeInteger(writer, zigzag)
  if (Object.is(Math.fround(value), value)) {
    writer.byte(tags.float32)
    return writer.float32(value)
  }
  if (isWhole && zigzag < 2 ** 49) return writeInteger(writer, zigzag)
  writer.byte(tags.float64)
  writer.float64(value)
}

function writeInteger(writer: ByteWriter, zigzag: number): void {
  writer.byte(tags.integer)
  writer.varUint(zigzag)
}
