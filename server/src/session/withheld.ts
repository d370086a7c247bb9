import * as Y from 'yjs'

/**
 * Updates that a session was not sent, since it reads too slowly: not they are kept, only where they begin. What it lacks is
 * then one difference, however much was withheld.
 */
export class WithheldUpdates {
  /** By Yjs client, the first clock that the session lacks. */
  #missing: Map<number, number> | null = null

  get any(): boolean {
    return this.#missing !== null
  }

  add(update: Uint8Array): void {
    this.#missing ??= new Map()
    for (const [client, clock] of startsOf(update)) {
      const known = this.#missing.get(client)
      if (known === undefined || clock < known) this.#missing.set(client, clock)
    }
  }

  /** Everything that the session lacks of the document. */
  take(document: Y.Doc): Uint8Array {
    const vector = Y.decodeStateVector(Y.encodeStateVector(document))
    for (const [client, clock] of this.#missing ?? []) vector.set(client, clock)
    this.#missing = null
    return Y.encodeStateAsUpdate(document, Y.encodeStateVector(vector))
  }

  clear(): void {
    this.#missing = null
  }
}

/** The update that was looked at last: all sessions of a room that are behind are not sent the same one. */
let last: { readonly update: Uint8Array; readonly starts: ReadonlyMap<number, number> } | null = null

function startsOf(update: Uint8Array): ReadonlyMap<number, number> {
  if (last?.update.buffer !== update.buffer || last.update.byteOffset !== update.byteOffset)
    last = { update, starts: Y.parseUpdateMeta(update).from }
  return last.starts
}
