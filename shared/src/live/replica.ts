import * as decoding from 'lib0/decoding'
import { type ErrorBody, InterplayError } from '../error.ts'
import { readChange } from './change.ts'
import { readKey, readParts } from './entity.ts'
import { delta, entities, refused } from './message.ts'
import { unreadable } from './unreadable.ts'
import type { PlainObject } from './value.ts'

/** A live value as its messages make it. Values are never changed: what a message leaves as it was is the same object. */
export class Replica {
  /** `undefined` before the first full message. */
  value: unknown
  /** When the sender made it: milliseconds since it began. */
  at = 0
  #version = -1
  #keys: string[] = []
  readonly #numbers = new Map<number, string>()

  /**
   * Takes a message. `lost` says that one before it is missing: only a full one helps. Returns the error of one that refuses.
   * Throws `malformed` on what {@link writeFull} and its like did not write, and is `lost` from then on.
   */
  take(message: Uint8Array): 'taken' | 'lost' | InterplayError {
    try {
      return this.#take(decoding.createDecoder(message))
    } catch (cause) {
      this.#version = -1
      throw new InterplayError('malformed', 'A live value cannot be read', { cause })
    }
  }

  #take(decoder: decoding.Decoder): 'taken' | 'lost' | InterplayError {
    const kind = decoding.readUint8(decoder)
    if (kind === refused) return InterplayError.from(JSON.parse(decoding.readVarString(decoder)) as ErrorBody)
    // Also of what has no kind: it is neither a full one nor a delta of anything.
    if (!(kind < refused)) throw unreadable
    const isDelta = (kind & delta) > 0
    const version = decoding.readVarUint(decoder)
    if (!isDelta) {
      this.#keys = []
      this.#numbers.clear()
    } else if (decoding.readVarUint(decoder) !== this.#version) {
      this.#version = -1
      return 'lost'
    }
    const keys = this.#keys
    const at = decoding.readVarUint(decoder)
    const newKeys = decoding.readVarUint(decoder)
    const firstKey = isDelta && newKeys > 0 ? decoding.readVarUint(decoder) : 0
    if (firstKey > keys.length) throw unreadable
    for (let index = 0; index < newKeys; index++) keys[firstKey + index] = readKey(decoder)
    const { value } = this
    this.value =
      kind >= entities
        ? readParts(decoder, keys, this.#numbers, isDelta ? (value as PlainObject) : {})
        : readChange(decoder, keys, isDelta ? value : undefined)
    if (decoding.hasContent(decoder)) throw unreadable
    this.at = at
    this.#version = version
    return 'taken'
  }
}
