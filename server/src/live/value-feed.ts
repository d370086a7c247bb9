import { InterplayError } from '@interplay/shared'
import { ByteWriter, KeyTable, writeChange, writeDelta, writeFull, writeValue } from '@interplay/shared/live'
import { type Feed, maxUnusedKeys } from './feed.ts'
import { View } from './view.ts'
import type { LiveWrite } from './write.ts'

/** The messages of one value. */
export class ValueFeed implements Feed {
  readonly #at: () => number
  #keys = new KeyTable()
  #toldKeys = 0
  #maxKeys = maxUnusedKeys
  #value: unknown
  #next: unknown
  hasNews = false

  /** `at` is the time for messages: milliseconds since some beginning. */
  constructor(at: () => number) {
    this.#at = at
  }

  land(write: LiveWrite): void {
    if (write.kind !== 'value') return
    this.#next = write.value
    this.hasNews = true
  }

  settle(): void {
    this.#value = this.#next
    this.hasNews = false
  }

  advance(views: Iterable<View>): ReadonlyMap<View, Uint8Array> | null {
    const before = this.#value
    this.settle()
    const messages = new Map<View, Uint8Array>()
    const firstKey = this.#toldKeys
    const writer = new ByteWriter()
    const changed = before !== undefined && writeChange(writer, this.#keys, before, this.#value)
    if (before === undefined || this.#keys.size > this.#maxKeys) {
      this.#renew()
      return null
    }
    if (!changed) return messages
    this.#toldKeys = this.#keys.size
    const keys = this.#keys.from(firstKey)
    for (const view of views) {
      const base = view.version
      view.version += 1
      const { version } = view
      const payload = writer.slice()
      messages.set(
        view,
        writeDelta({ entities: false, version, base, at: this.#at(), keys, firstKey, payload }),
      )
    }
    return messages
  }

  view(key: string, interest: unknown): View {
    if (interest !== undefined)
      throw new InterplayError('invalid-input', 'This live value takes no interest: it is sent as a whole.')
    return new View(key)
  }

  full({ version }: View): Uint8Array | null {
    if (this.#value === undefined) return null
    const writer = new ByteWriter()
    writeValue(writer, this.#keys, this.#value)
    const payload = writer.slice()
    return writeFull({ entities: false, version, at: this.#at(), keys: this.#keys.from(0), payload })
  }

  between(): Uint8Array {
    throw new Error('A value has one view.')
  }

  /** Keys that are no longer in use go. */
  #renew(): void {
    this.#keys = new KeyTable()
    writeValue(new ByteWriter(), this.#keys, this.#value)
    this.#toldKeys = this.#keys.size
    this.#maxKeys = this.#keys.size * 2 + maxUnusedKeys
  }
}
