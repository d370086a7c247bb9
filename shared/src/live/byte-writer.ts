const encoder = new TextEncoder()

/** Bytes in the making. Numbers as in lib0: a `varUint` has seven bits a byte, low bits first; floats are big endian. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** `capacity` saves copies where the length is about known. */
  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes written so far. Set it back to take the last ones away. */
  get length(): number {
    return this.#length
  }

  set length(length: number) {
    this.#length = length
  }

  byte(byte: number): void {
    const at = this.#take(1)
    this.#bytes[at] = byte
  }

  varUint(value: number): void {
    let at = this.#take(8)
    let rest = value
    while (rest > 127) {
      this.#bytes[at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[at++] = rest
    this.#length = at
  }

  float32(value: number): void {
    const at = this.#take(4)
    this.#view.setFloat32(at, value)
  }

  float64(value: number): void {
    const at = this.#take(8)
    this.#view.setFloat64(at, value)
  }

  string(value: string): void {
    const bytes = encoder.encode(value)
    this.varUint(bytes.length)
    this.raw(bytes)
  }

  raw(bytes: Uint8Array): void {
    const at = this.#take(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** Clears bits of a byte that was written. */
  mask(at: number, bits: number): void {
    this.#bytes[at]! &= bits
  }

  /** Moves the bytes from `from` on to `to`, over what is there. */
  shift(from: number, to: number): void {
    this.#bytes.copyWithin(to, from, this.#length)
    this.#length -= from - to
  }

  /** Not a copy: it is of now. */
  view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, to)
  }

  /** A copy. */
  slice(from = 0, to: number = this.#length): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(from, to)
  }

  #take(count: number): number {
    const at = this.#length
    const end = at + count
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = end
    return at
  }
}
