import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { readChange } from './change.ts'
import type { KeyTable } from './key-table.ts'
import { type PlainObject, readValue, writeValue } from './value.ts'

/**
 * What happened to one entity of a map. The parts of a message stand for themselves, so that a message is put together from
 * parts that were written once. Each begins with the entity's number, times four, and one of these.
 */
export const parts = { gone: 0, came: 1, changed: 2 } as const

/** The key of an entity goes with its number once, when it comes. */
export function writeCame(
  writer: ByteWriter,
  keys: KeyTable,
  number: number,
  key: string,
  value: unknown,
): void {
  writer.varUint(number * 4 + parts.came)
  writer.string(key)
  writeValue(writer, keys, value, 1)
}

/** Its change follows. */
export function writeChanged(writer: ByteWriter, number: number): void {
  writer.varUint(number * 4 + parts.changed)
}

export function writeGone(writer: ByteWriter, number: number): void {
  writer.varUint(number * 4 + parts.gone)
}

/** What the parts up to the end make of `before`, which stays as it is. `numbers` holds the keys of entities by number. */
export function readParts(
  reader: ByteReader,
  keys: readonly string[],
  numbers: Map<number, string>,
  before: PlainObject,
): PlainObject {
  const after = { ...before }
  while (reader.left > 0) {
    const head = reader.varUint()
    const number = Math.floor(head / 4)
    if (head % 4 === parts.came) {
      const key = readKey(reader)
      numbers.set(number, key)
      after[key] = readValue(reader, keys, reader.byte(), 1)
      continue
    }
    const key = numbers.get(number)
    if (key === undefined) throw new RangeError('an entity that never came')
    if (head % 4 === parts.changed) {
      // Twice: each time could cost as much as all of it.
      if (after[key] !== before[key]) throw new RangeError('a change twice')
      after[key] = readChange(reader, keys, before[key], reader.byte(), 1)
    } else if (head % 4 === parts.gone) {
      numbers.delete(number)
      delete after[key]
    } else throw new RangeError('a part of no kind')
  }
  return after
}

/** A key that reaches no prototype. */
export function readKey(reader: ByteReader): string {
  const key = reader.string()
  if (key === '__proto__') throw new RangeError('the key __proto__')
  return key
}
