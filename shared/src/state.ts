import type * as Y from 'yjs'
import type { StateOf } from './infer.ts'
import type { AnyRoom } from './room.ts'

export interface StateOptions {
  /** Who writes: a client may not write fields of `writers: 'handlers'`. */
  readonly writer: 'client' | 'handlers'
  /** Runs each write, once. It may refuse by throwing, and decides the transaction's origin. */
  readonly transact: (write: () => void) => void
}

/** The typed state of a room over its document. Views are made when they are first used, and stay the same objects. */
export function createState<R extends AnyRoom>(definition: R, doc: Y.Doc, options: StateOptions): StateOf<R> {
  throw new Error(`not yet: ${[definition.pattern, doc.guid, options.writer]}`)
}
