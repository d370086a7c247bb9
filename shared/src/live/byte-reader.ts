const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads what a `ByteWriter` wrote. Throws a `RangeError` past the end, and on text that is not UTF-8 a `TypeError`. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#view.getUint8(this.#at++)
  }

  varUint(): number {
    let value = 0
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.byte()
      value += (byte & 127) * factor
      if (byte < 128 && Number.isSafeInteger(value)) return value
    }
    throw new RangeError('a number out of range')
  }

  float32(): number {
    this.#at += 4
    return this.#view.getFloat32(this.#at - 4, true)
  }

  float64(): number {
    this.#at += 8
    return this.#view.getFloat64(this.#at - 8, true)
  }

  string(): string {
    return decoder.decode(this.raw(this.varUint()))
  }

  /** Not a copy. */
  raw(length: number): Uint8Array {
    if (length > this.left) throw new RangeError('a length beyond the end')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
}
