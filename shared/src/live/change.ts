import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { KeyTable } from './key-table.ts'
import { bytesOf, isTypedArray, kindOf, type TypedArray, typedArray } from './typed-array.ts'
import { keyAt, maxDepth, type PlainObject, readValue, tags, writeValue } from './value.ts'

/** Equal bytes between two changed ranges that are not worth a new range. */
const maxGap = 3

/**
 * Writes what makes `after` of `before`: the new value, or what changed inside. Returns `false`, and writes nothing, where
 * they are equal. What both have in common (`===`) is not looked into.
 */
export function writeChange(
  writer: ByteWriter,
  keys: KeyTable,
  before: unknown,
  after: unknown,
  depth = 0,
): boolean {
  if (Object.is(before, after)) return false
  if (depth < maxDepth && isObject(before) && isObject(after)) {
    if (isTypedArray(before) || isTypedArray(after)) {
      if (isTypedArray(before) && isTypedArray(after) && isAlike(before, after))
        return writeRanges(writer, bytesOf(before), bytesOf(after))
    } else if (Array.isArray(before) && Array.isArray(after))
      return writeItems(writer, keys, before, after, depth)
    else if (!Array.isArray(before) && !Array.isArray(after))
      return writeProperties(writer, keys, before as PlainObject, after as PlainObject, depth)
  }
  writeValue(writer, keys, after, depth)
  return true
}

/** What a change makes of `before`, which stays as it is; what did not change is shared with it. */
export function readChange(
  reader: ByteReader,
  keys: readonly string[],
  before: unknown,
  tag: number = reader.byte(),
  depth = 0,
): unknown {
  if (tag < tags.inObject || tag > tags.inBytes) return readValue(reader, keys, tag, depth)
  if (!isObject(before) || depth >= maxDepth) throw new RangeError('a change in what is not there')
  const isBytes = isTypedArray(before)
  if (tag === tags.inBytes && isBytes) return readRanges(reader, before)
  if (tag === tags.inArray && Array.isArray(before)) return readItems(reader, keys, before, depth)
  if (tag === tags.inObject && !isBytes && !Array.isArray(before))
    return readProperties(reader, keys, before as PlainObject, depth)
  throw new RangeError('a change in another kind of value')
}

/** Changed properties; the lowest bit of a key's number says whether another one follows. */
function writeProperties(
  writer: ByteWriter,
  keys: KeyTable,
  before: PlainObject,
  after: PlainObject,
  depth: number,
): boolean {
  const start = writer.length
  writer.byte(tags.inObject)
  let last = -1
  let kept = 0
  for (const name of Object.keys(after)) {
    const isNew = !Object.hasOwn(before, name)
    if (!isNew) kept += 1
    const at = writer.length
    writer.varUint(keys.number(name) * 2 + 1)
    if (isNew) writeValue(writer, keys, after[name], depth + 1)
    else if (!writeChange(writer, keys, before[name], after[name], depth + 1)) {
      writer.length = at
      continue
    }
    last = at
  }
  const names = Object.keys(before)
  if (names.length - kept > kept) {
    writer.length = start
    writeValue(writer, keys, after, depth)
    return true
  }
  if (names.length > kept)
    for (const name of names) {
      if (Object.hasOwn(after, name)) continue
      last = writer.length
      writer.varUint(keys.number(name) * 2 + 1)
      writer.byte(tags.removed)
    }
  if (last === -1) {
    writer.length = start
    return false
  }
  writer.mask(last, 0xfe)
  return true
}

function readProperties(
  reader: ByteReader,
  keys: readonly string[],
  before: PlainObject,
  depth: number,
): PlainObject {
  const after = { ...before }
  for (let more = true; more; ) {
    const number = reader.varUint()
    more = number % 2 === 1
    const name = keyAt(keys, Math.floor(number / 2))
    const tag = reader.byte()
    const inner = Object.hasOwn(after, name) ? after[name] : undefined
    if (tag === tags.removed) delete after[name]
    // Twice into the same one: each time could cost as much as all of it.
    else if (tag < tags.small && tag > tags.removed && inner !== before[name])
      throw new RangeError('a change twice')
    else after[name] = readChange(reader, keys, inner, tag, depth + 1)
  }
  return after
}

/** The new length, changed items by the number of unchanged ones before them and one, 0, and the items that are new. */
function writeItems(
  writer: ByteWriter,
  keys: KeyTable,
  before: readonly unknown[],
  after: readonly unknown[],
  depth: number,
): boolean {
  const start = writer.length
  const both = Math.min(before.length, after.length)
  writer.byte(tags.inArray)
  writer.varUint(after.length)
  let changed = 0
  let next = 0
  for (let index = 0; index < both; index++) {
    const at = writer.length
    writer.varUint(index - next + 1)
    if (!writeChange(writer, keys, before[index], after[index], depth + 1)) {
      writer.length = at
      continue
    }
    changed += 1
    next = index + 1
  }
  if (changed === 0 && before.length === after.length) {
    writer.length = start
    return false
  }
  writer.byte(0)
  for (let index = both; index < after.length; index++) writeValue(writer, keys, after[index], depth + 1)
  if (changed * 2 > after.length || before.length > after.length * 2) {
    const end = writer.length
    writeValue(writer, keys, after, depth)
    if (writer.length - end < end - start) writer.shift(end, start)
    else writer.length = end
  }
  return true
}

function readItems(
  reader: ByteReader,
  keys: readonly string[],
  before: readonly unknown[],
  depth: number,
): unknown[] {
  const length = reader.varUint()
  if (length > before.length + reader.left) throw new RangeError('a length beyond the end')
  const after = before.slice(0, length)
  let at = -1
  for (let gap = reader.varUint(); gap > 0; gap = reader.varUint()) {
    at += gap
    if (at >= after.length) throw new RangeError('a change in an item that is not there')
    after[at] = readChange(reader, keys, before[at], reader.byte(), depth + 1)
  }
  while (after.length < length) after.push(readValue(reader, keys, reader.byte(), depth + 1))
  return after
}

/** Changed ranges: the number of unchanged bytes before them, their length, their bytes. A length of 0 ends them. */
function writeRanges(writer: ByteWriter, before: Uint8Array, after: Uint8Array): boolean {
  const start = writer.length
  writer.byte(tags.inBytes)
  let written = 0
  for (let from = nextChange(before, after, 0); from < after.length; ) {
    let to = from + 1
    let next = nextChange(before, after, to)
    while (next < after.length && next - to <= maxGap) {
      to = next + 1
      next = nextChange(before, after, to)
    }
    writer.varUint(to - from)
    writer.varUint(from - written)
    writer.raw(after.subarray(from, to))
    written = to
    from = next
  }
  writer.byte(0)
  if (written > 0) return true
  writer.length = start
  return false
}

function readRanges(reader: ByteReader, before: TypedArray): TypedArray {
  const bytes = bytesOf(before).slice()
  let at = 0
  for (let length = reader.varUint(); length > 0; length = reader.varUint()) {
    at += reader.varUint()
    if (at + length > bytes.length) throw new RangeError('a range beyond the end')
    bytes.set(reader.raw(length), at)
    at += length
  }
  return typedArray(kindOf(before), bytes)
}

function nextChange(before: Uint8Array, after: Uint8Array, from: number): number {
  let at = from
  while (at < after.length && before[at] === after[at]) at += 1
  return at
}

function isAlike(one: TypedArray, other: TypedArray): boolean {
  return one.byteLength === other.byteLength && kindOf(one) === kindOf(other)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
