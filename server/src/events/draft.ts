import * as Y from 'yjs'

/**
 * A fork of a room's document, on which handlers work. It is kept in step by the updates it has not seen yet, runs ahead of
 * the log by the changes of the events before, and is thrown away with whatever a failed handler left in it, since Yjs
 * cannot roll back.
 */
export class Fork {
  readonly #document = new Y.Doc()
  #behind: Uint8Array[] = []
  #behindBytes = 0
  #draft: Draft | null = null

  constructor(source: Y.Doc) {
    Y.applyUpdate(this.#document, Y.encodeStateAsUpdate(source))
    this.#document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#draft?.collect(update)
    })
  }

  /** Bytes of updates that the fork has yet to merge. */
  get lagBytes(): number {
    return this.#behindBytes
  }

  /** Whether a handler works on it now. */
  get busy(): boolean {
    return this.#draft?.open ?? false
  }

  /** Notes an update of the room; it is merged when the next draft begins. */
  follow(update: Uint8Array): void {
    this.#behind.push(update)
    this.#behindBytes += update.length
  }

  /** Begins a draft on everything known so far. One draft is open at a time. */
  begin(): Draft {
    if (this.#behind.length > 0) {
      const update = this.#behind.length === 1 ? this.#behind[0]! : Y.mergeUpdates(this.#behind)
      this.#behind = []
      this.#behindBytes = 0
      Y.applyUpdate(this.#document, update, this)
    }
    this.#draft = new Draft(this.#document)
    return this.#draft
  }

  destroy(): void {
    this.#document.destroy()
  }
}

/** One handler's change in the making. Closed, it takes no more writes: a handler cannot write after it has ended. */
export class Draft {
  readonly document: Y.Doc
  #updates: Uint8Array[] = []
  #open = true

  get open(): boolean {
    return this.#open
  }

  constructor(document: Y.Doc) {
    this.document = document
  }

  collect(update: Uint8Array): void {
    this.#updates.push(update)
  }

  get changed(): boolean {
    return this.#updates.length > 0
  }

  /** The only way that state views write. Throws once the draft is closed. */
  readonly transact = (write: () => void): void => {
    if (!this.#open) throw new Error('This handler has ended: its state can no longer be changed.')
    this.document.transact(write)
  }

  /** Closes the draft and returns its change as one update, `null` if there is none. */
  close(): Uint8Array | null {
    this.#open = false
    if (this.#updates.length === 0) return null
    return this.#updates.length === 1 ? this.#updates[0]! : Y.mergeUpdates(this.#updates)
  }
}
