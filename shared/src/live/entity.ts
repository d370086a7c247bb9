import * as decoding from 'lib0/decoding'
import type { ByteWriter } from './byte-writer.ts'
import { readInner } from './change.ts'
import type { KeyTable } from './key-table.ts'
import { unreadable } from './unreadable.ts'
import { type PlainObject, readValue, writeValue } from './value.ts'

/**
 * What happened to one entity of a map. The parts of a message stand for themselves, so that a message is put together from
 * parts that were written once. Each begins with the entity's number, times four, and one of these.
 */
const gone = 0
const came = 1
const changed = 2

/** The key of an entity goes with its number once, when it comes. */
export function writeCame(
  writer: ByteWriter,
  keys: KeyTable,
  number: number,
  key: string,
  value: unknown,
): void {
  writer.varUint(number * 4 + came)
  writer.string(key)
  writeValue(writer, keys, value, 1)
}

/** Its change follows. */
export function writeChanged(writer: ByteWriter, number: number): void {
  writer.varUint(number * 4 + changed)
}

export function writeGone(writer: ByteWriter, number: number): void {
  writer.varUint(number * 4 + gone)
}

/** What the parts up to the end make of `before`, which stays as it is. `numbers` holds the keys of entities by number. */
export function readParts(
  decoder: decoding.Decoder,
  keys: readonly string[],
  numbers: Map<number, string>,
  before: PlainObject,
): PlainObject {
  const after = { ...before }
  while (decoding.hasContent(decoder)) {
    const head = decoding.readVarUint(decoder)
    const part = head % 4
    const number = (head - part) / 4
    if (part === came) numbers.set(number, readKey(decoder))
    const key = numbers.get(number)
    if (key === undefined || part > changed) throw unreadable
    if (part === came) after[key] = readValue(decoder, keys, undefined, 1)
    else if (part === changed)
      after[key] = readInner(decoder, keys, before, after, key, decoding.readUint8(decoder), 1)
    else {
      numbers.delete(number)
      delete after[key]
    }
  }
  return after
}

/** A key that reaches no prototype. */
export function readKey(decoder: decoding.Decoder): string {
  const key = decoding.readVarString(decoder)
  if (key === '__proto__') throw unreadable
  return key
}
