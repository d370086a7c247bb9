import { type ErrorBody, InterplayError } from '../error.ts'
import { ByteReader } from './byte-reader.ts'
import { readChange } from './change.ts'
import { readKey, readParts } from './entity.ts'
import { messages } from './message.ts'
import { type PlainObject, readCount, readValue } from './value.ts'

/** A live value as its messages make it. Values are never changed: what a message leaves as it was is the same object. */
export class Replica {
  /** `undefined` before the first full message. */
  value: unknown
  /** When the sender made it: milliseconds since it began. */
  at = 0
  #version: number | null = null
  #keys: string[] = []
  #numbers = new Map<number, string>()

  /**
   * Takes a message. `lost` says that one before it is missing: only a full one helps. Returns the error of one that refuses.
   * Throws `malformed` on what {@link writeFull} and its like did not write, and is `lost` from then on.
   */
  take(message: Uint8Array): 'taken' | 'lost' | InterplayError {
    try {
      return this.#take(new ByteReader(message))
    } catch (cause) {
      this.#version = null
      throw new InterplayError('malformed', `A live value cannot be read: ${(cause as Error).message}`, {
        cause,
      })
    }
  }

  #take(reader: ByteReader): 'taken' | 'lost' | InterplayError {
    const kind = reader.byte()
    if (kind === messages.refused) return InterplayError.from(JSON.parse(reader.string()) as ErrorBody)
    if (kind > messages.refused) throw new RangeError('a message of no kind')
    const isDelta = kind === messages.delta || kind === messages.deltaEntities
    const isEntities = kind === messages.fullEntities || kind === messages.deltaEntities
    const version = reader.varUint()
    if (isDelta && reader.varUint() !== this.#version) {
      this.#version = null
      return 'lost'
    }
    const at = reader.varUint()
    const newKeys = readCount(reader)
    const firstKey = isDelta && newKeys > 0 ? reader.varUint() : 0
    if (!isDelta) {
      this.#keys = []
      this.#numbers = new Map()
    }
    if (firstKey > this.#keys.length) throw new RangeError('keys that do not follow')
    const keys = this.#keys
    for (let index = 0; index < newKeys; index++) keys[firstKey + index] = readKey(reader)
    if (isEntities) {
      const before = isDelta ? (this.value as PlainObject) : {}
      this.value = readParts(reader, keys, this.#numbers, before)
    } else this.value = isDelta ? readChange(reader, keys, this.value) : readValue(reader, keys)
    if (reader.left > 0) throw new RangeError('bytes after the end')
    this.at = at
    this.#version = version
    return 'taken'
  }
}
