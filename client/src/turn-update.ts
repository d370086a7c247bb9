import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

type DeleteSet = Y.Transaction['deleteSet']

/**
 * Collects transactions and encodes them as one update. It costs the size of the edits, not of the document, and joins
 * what lies side by side: `Y.mergeUpdates` takes 100 times as long for 1,000 keystrokes and keeps 1,000 structs.
 */
export class TurnUpdate {
  /** Where the changed clients stood before. */
  readonly #from = new Map<number, number>()
  readonly #deletes: DeleteSet[] = []

  /** Whether the transaction changed anything. */
  static changes(transaction: Y.Transaction): boolean {
    if (transaction.deleteSet.clients.size > 0) return true
    for (const [client, clock] of transaction.afterState) {
      if (transaction.beforeState.get(client) !== clock) return true
    }
    return false
  }

  add(transaction: Y.Transaction): void {
    for (const [client, clock] of transaction.afterState) {
      const before = transaction.beforeState.get(client) ?? 0
      if (before !== clock && !this.#from.has(client)) this.#from.set(client, before)
    }
    if (transaction.deleteSet.clients.size > 0) this.#deletes.push(transaction.deleteSet)
  }

  /** The update in encoding version 1, or `null` without changes. Starts anew. */
  take(doc: Y.Doc): Uint8Array | null {
    if (this.#from.size === 0 && this.#deletes.length === 0) return null
    const encoder = new Y.UpdateEncoderV1()
    writeStructs(encoder, doc, this.#from)
    writeDeletes(encoder, Y.mergeDeleteSets(this.#deletes))
    this.clear()
    return encoder.toUint8Array()
  }

  clear(): void {
    this.#from.clear()
    this.#deletes.length = 0
  }
}

/** As Yjs does it for a transaction: the highest client id first, the first struct from the clock on. */
function writeStructs(encoder: Y.UpdateEncoderV1, doc: Y.Doc, from: Map<number, number>): void {
  encoding.writeVarUint(encoder.restEncoder, from.size)
  for (const [client, before] of [...from].sort(byClient)) {
    const structs = doc.store.clients.get(client)!
    const clock = Math.max(before, structs[0]!.id.clock)
    const first = Y.findIndexSS(structs, clock)
    encoding.writeVarUint(encoder.restEncoder, structs.length - first)
    encoder.writeClient(client)
    encoding.writeVarUint(encoder.restEncoder, clock)
    for (let index = first; index < structs.length; index++) {
      const struct = structs[index]!
      struct.write(encoder, index === first ? clock - struct.id.clock : 0)
    }
  }
}

function writeDeletes(encoder: Y.UpdateEncoderV1, deletes: DeleteSet): void {
  encoding.writeVarUint(encoder.restEncoder, deletes.clients.size)
  for (const [client, ranges] of [...deletes.clients].sort(byClient)) {
    encoder.resetDsCurVal()
    encoding.writeVarUint(encoder.restEncoder, client)
    encoding.writeVarUint(encoder.restEncoder, ranges.length)
    for (const range of ranges) {
      encoder.writeDsClock(range.clock)
      encoder.writeDsLen(range.len)
    }
  }
}

function byClient(a: [number, unknown], b: [number, unknown]): number {
  return b[0] - a[0]
}
