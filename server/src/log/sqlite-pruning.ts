import type { ReplyKey } from './sqlite-statements.ts'
import type { SqliteStore } from './sqlite-store.ts'

/** What old rows are dropped in: steps, between which the thread commits what has arrived. */
export interface Pruning {
  dropped: number
  error: unknown
  /** One for the replies, two for the journal. */
  readonly tables: Generator<number, void>[]
}

/** Rows or journal records looked at in one step. */
const pruneStep = 2000

/** They go through all rows: an index by time would cost the commit of every event one more page. */
export function newPruning(
  store: SqliteStore,
  before: { readonly replies: number; readonly journal: number },
): Pruning {
  const firstReply: ReplyKey = { room: 0, eventId: new Uint8Array() }
  const tables = [
    steps(store, firstReply, (start) => store.pruneReplies(before.replies, start, pruneStep)),
    steps(store, 0, (start) => store.pruneEntries(before.journal, start, pruneStep)),
    steps(store, 0, (start) => store.pruneJournal(before.journal, start, pruneStep)),
  ]
  return { dropped: 0, error: null, tables }
}

/** Takes one step. Returns whether it was the last one. A table that cannot be pruned does not keep the others from it. */
export function stepPruning(pruning: Pruning): boolean {
  const { tables } = pruning
  try {
    const step = tables[0]!.next()
    if (!step.done) {
      pruning.dropped += step.value
      return false
    }
  } catch (error) {
    pruning.error ??= error
  }
  tables.shift()
  return tables.length === 0
}

/** Yields how many rows each step has dropped. */
function* steps<Key>(
  store: SqliteStore,
  first: Key,
  drop: (start: Key) => { dropped: number; end?: Key },
): Generator<number, void> {
  for (let start: Key | undefined = first; start !== undefined; ) {
    const from: Key = start
    const { dropped, end } = store.transaction(() => drop(from))
    start = end
    yield dropped
  }
}
