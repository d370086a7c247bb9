/** Ids of one generation, and the bits of its filter: 10 for each id and 7 probes make 1 in 120 a false alarm. */
const generationIds = 65_536
const generationBits = generationIds * 10
const probes = 7

/** 4 million ids in 5 MB. A room with more asks the log about every event. */
const maxGenerations = 64

/**
 * Which event ids a room has ever seen: "certainly not", or "perhaps". Bloom filters ("Space/Time Trade-offs in Hash
 * Coding with Allowable Errors", 1970), a new one whenever the last is full. An event that is certainly new needs no
 * look-up in the log, which would wait there behind a commit.
 */
export class SeenEvents {
  readonly #generations: Uint8Array[] = []
  #ids = 0
  #full = false

  mayHave(id: string): boolean {
    if (this.#full) return true
    const [first, step] = hash(id)
    return this.#generations.some((bits) => {
      for (let probe = 0; probe < probes; probe++) {
        const at = (first + probe * step) % generationBits
        if ((bits[at >>> 3]! & (1 << (at & 7))) === 0) return false
      }
      return true
    })
  }

  add(id: string): void {
    if (this.#full) return
    if (this.#ids % generationIds === 0) {
      if (this.#generations.length === maxGenerations) return this.#forget()
      this.#generations.push(new Uint8Array(generationBits / 8))
    }
    this.#ids += 1
    const bits = this.#generations.at(-1)!
    const [first, step] = hash(id)
    for (let probe = 0; probe < probes; probe++) {
      const at = (first + probe * step) % generationBits
      bits[at >>> 3]! |= 1 << (at & 7)
    }
  }

  #forget(): void {
    this.#full = true
    this.#generations.length = 0
  }
}

/** Two hashes of an id, for double hashing: FNV-1a over its code units, and a mix of the result. */
function hash(id: string): [first: number, step: number] {
  let first = 0x811c9dc5
  for (let index = 0; index < id.length; index++) first = Math.imul(first ^ id.charCodeAt(index), 0x01000193)
  let step = Math.imul(first ^ (first >>> 16), 0x85ebca6b)
  step = Math.imul(step ^ (step >>> 13), 0xc2b2ae35)
  return [first >>> 0, ((step ^ (step >>> 16)) | 1) >>> 0]
}
