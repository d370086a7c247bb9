import type { MapDraft, MapStore } from './map-store.ts'
import type { ValueDraft, ValueStore } from './value-store.ts'
import type { LiveWrite, LiveWrites } from './write.ts'

export type Store = ValueStore | MapStore

/** What one piece of code does to live values: it sees its own changes, and nobody else does before it has ended. */
export class LiveDraft {
  /** By name. */
  readonly handles: Readonly<Record<string, ValueDraft | MapDraft>>

  /** `isOpen` says whether the code may still do anything. */
  constructor(stores: ReadonlyMap<string, Store>, isOpen: () => boolean) {
    const assertOpen = () => {
      if (!isOpen()) throw new Error('This handler has ended: its live values can no longer be changed.')
    }
    const handles = Object.create(null) as Record<string, ValueDraft | MapDraft>
    for (const [name, store] of stores) handles[name] = store.begin(assertOpen)
    this.handles = handles
  }

  /** `undefined` where nothing was written. */
  get writes(): LiveWrites | undefined {
    const writes = new Map<string, LiveWrite>()
    for (const [name, handle] of Object.entries(this.handles)) {
      const { write } = handle
      if (write) writes.set(name, write)
    }
    return writes.size > 0 ? writes : undefined
  }
}
