import * as decoding from 'lib0/decoding'
import type { ByteWriter } from './byte-writer.ts'
import type { KeyTable } from './key-table.ts'
import * as tag from './tag.ts'
import { bytesOf, isTypedArray, kindOf, type TypedArray, typedArray } from './typed-array.ts'
import { unreadable } from './unreadable.ts'
import { maxDepth, nameOf, type PlainObject, readValue, writeValue } from './value.ts'

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
  decoder: decoding.Decoder,
  keys: readonly string[],
  before: unknown,
  first: number = decoding.readUint8(decoder),
  depth = 0,
): unknown {
  if (first < tag.inObject || first > tag.inBytes) return readValue(decoder, keys, first, depth)
  if (depth >= maxDepth || !isObject(before)) throw unreadable
  const isBytes = isTypedArray(before)
  if (first === tag.inBytes && isBytes) return readRanges(decoder, before)
  if (first === tag.inArray && Array.isArray(before)) return readItems(decoder, keys, before, depth + 1)
  if (first !== tag.inObject || isBytes || Array.isArray(before)) throw unreadable
  return readProperties(decoder, keys, before as PlainObject, depth + 1)
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
  writer.byte(tag.inObject)
  let last = -1
  let kept = 0
  for (const name of Object.keys(after)) {
    const [old, next] = [before[name], after[name]]
    // Values hold no functions: those are a prototype's.
    const isNew = old === undefined || typeof old === 'function'
    if (!isNew) kept += 1
    if (Object.is(old, next)) continue
    const at = writer.length
    writer.varUint(keys.number(name) * 2 + 1)
    if (isNew) writeValue(writer, keys, next, depth + 1)
    else if (!writeChange(writer, keys, old, next, depth + 1)) {
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
      writer.byte(tag.removed)
    }
  if (last === -1) {
    writer.length = start
    return false
  }
  writer.mask(last, 0xfe)
  return true
}

function readProperties(
  decoder: decoding.Decoder,
  keys: readonly string[],
  before: PlainObject,
  depth: number,
): PlainObject {
  const after = { ...before }
  for (let more = true; more; ) {
    const number = decoding.readVarUint(decoder)
    more = number % 2 === 1
    const name = nameOf(keys, Math.floor(number / 2))
    const first = decoding.readUint8(decoder)
    if (first === tag.removed) delete after[name]
    else after[name] = readInner(decoder, keys, before, after, name, first, depth)
  }
  return after
}

/** What is under a name now. A change twice into the same object could each time cost as much as all of it. */
export function readInner(
  decoder: decoding.Decoder,
  keys: readonly string[],
  before: PlainObject,
  after: PlainObject,
  name: string,
  first: number,
  depth: number,
): unknown {
  // Of what it has not itself it has functions: those are no place for a change.
  const inner = after[name]
  if (first > tag.removed && first < tag.small && inner !== before[name]) throw unreadable
  return readChange(decoder, keys, inner, first, depth)
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
  writer.byte(tag.inArray)
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
  decoder: decoding.Decoder,
  keys: readonly string[],
  before: readonly unknown[],
  depth: number,
): unknown[] {
  const length = decoding.readVarUint(decoder)
  if (length > before.length + decoder.arr.length) throw unreadable
  const after = before.slice(0, length)
  let at = -1
  for (let gap = decoding.readVarUint(decoder); gap > 0; gap = decoding.readVarUint(decoder)) {
    at += gap
    if (at >= after.length) throw unreadable
    after[at] = readChange(decoder, keys, before[at], undefined, depth)
  }
  while (after.length < length) after.push(readValue(decoder, keys, undefined, depth))
  return after
}

/** Changed ranges: the number of unchanged bytes before them, their length, their bytes. A length of 0 ends them. */
function writeRanges(writer: ByteWriter, before: Uint8Array, after: Uint8Array): boolean {
  const start = writer.length
  writer.byte(tag.inBytes)
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

function readRanges(decoder: decoding.Decoder, before: TypedArray): TypedArray {
  const bytes = bytesOf(before).slice()
  let at = 0
  for (let length = decoding.readVarUint(decoder); length > 0; length = decoding.readVarUint(decoder)) {
    at += decoding.readVarUint(decoder)
    bytes.set(decoding.readUint8Array(decoder, length), at)
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
