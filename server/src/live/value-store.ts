import { type LiveValue, validateSync } from '@interplay/shared'
import type { LiveHandle } from './handle.ts'
import { type Found, nextOf, take, thawed } from './owned.ts'
import type { LiveWrite } from './write.ts'

/** Nothing was written. */
const untouched = Symbol('untouched')

/** One live value as code of the room sees it: ahead of what was sent, by what is not durable yet. */
export class ValueStore {
  readonly kind = 'value'
  readonly #contract: LiveValue
  readonly #where: string
  readonly #found: Found = { bytes: false }
  #value: unknown

  constructor(name: string, contract: LiveValue) {
    this.#contract = contract
    this.#where = `live.${name}`
    const initial = initialOf(contract)
    if (initial !== undefined) this.#value = this.take(initial)
  }

  /** Throws `invalid-input`. */
  take(value: unknown): unknown {
    return take(this.#contract.schema, value, this.#where, this.#found)
  }

  /** Typed arrays cannot be frozen: what holds some is given out as a copy. */
  read(value: unknown = this.#value): unknown {
    return this.#found.bytes ? thawed(value) : value
  }

  /** What it begins with, for whoever sends it. */
  get whole(): LiveWrite {
    return { kind: 'value', value: this.#value }
  }

  apply(write: LiveWrite): void {
    if (write.kind === 'value') this.#value = write.value
  }

  /** Begins a piece of code. `assertOpen` throws once that has ended. */
  begin(assertOpen: () => void): ValueDraft {
    return new ValueDraft(this, assertOpen)
  }
}

export class ValueDraft implements LiveHandle<unknown, unknown> {
  readonly #store: ValueStore
  readonly #assertOpen: () => void
  #written: unknown = untouched

  constructor(store: ValueStore, assertOpen: () => void) {
    this.#store = store
    this.#assertOpen = assertOpen
  }

  get(): unknown {
    return this.#written === untouched ? this.#store.read() : this.#store.read(this.#written)
  }

  set(value: unknown): void {
    this.#assertOpen()
    this.#written = this.#store.take(value)
  }

  update(change: (draft: unknown) => unknown): void {
    const draft = thawed(this.get())
    this.set(nextOf(draft, change(draft)))
  }

  /** `null` where nothing was written. */
  get write(): LiveWrite | null {
    return this.#written === untouched ? null : { kind: 'value', value: this.#written }
  }
}

/** What a schema makes of `undefined`, where nothing else is said; it may make nothing of it. */
function initialOf({ schema, initial }: LiveValue): unknown {
  if (initial !== undefined) return initial
  try {
    return validateSync(schema, undefined)
  } catch {
    return undefined
  }
}
