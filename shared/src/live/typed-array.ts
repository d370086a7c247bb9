import { unreadable } from './unreadable.ts'

/** Arrays of numbers of one size, as values have them. Their place is their number on the wire. */
const kinds = [
  Uint8Array,
  Uint8ClampedArray,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const

export type TypedArray = InstanceType<(typeof kinds)[number]>

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

/** Its number on the wire; -1 for one that has none. A subclass, such as Node's `Buffer`, counts as what it extends. */
export function kindOf(array: TypedArray): number {
  return kinds.findIndex((kind) => array instanceof kind)
}

export function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** A copy of the same kind. */
export function copyOf(array: TypedArray): TypedArray {
  return typedArray(kindOf(array), bytesOf(array).slice())
}

/** An array over these bytes. Throws where there is no such kind, or half a number. */
export function typedArray(kind: number, bytes: Uint8Array<ArrayBuffer>): TypedArray {
  const Kind = kinds[kind]
  if (!Kind || bytes.length % Kind.BYTES_PER_ELEMENT > 0) throw unreadable
  return new Kind(bytes.buffer, bytes.byteOffset, bytes.length / Kind.BYTES_PER_ELEMENT)
}
