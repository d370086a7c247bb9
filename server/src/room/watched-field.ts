import type { Field } from '@interplay/shared'
import type * as Y from 'yjs'
import { type FieldChanges, isEmpty, mergeChanges, noChanges } from './field-changes.ts'
import { noteEvents, rootsOf } from './field-events.ts'

/** What a snapshot keeps of a field, since it replaces the entries that would tell. */
export interface NotedField {
  readonly kind: Field['kind']
  /** What came behind this position of the log is not in here. */
  readonly at: number
  readonly waiting: FieldChanges
  readonly taken: Taken | null
}

/** What a run that is not durable yet has taken, and the position up to which its reaction has then seen the log. */
interface Taken {
  readonly changes: FieldChanges
  readonly upTo: number
}

/** Who changes the document: a user, a reaction that ran at this depth, or somebody nobody knows. */
export type Cause = { readonly user: string } | { readonly depth: number } | null

/** What the reaction to one field has yet to see, and how far it has come in the log. */
export class WatchedField {
  #seen: number
  #field: Field | null = null
  #kind: Field['kind'] | null
  #waiting: FieldChanges
  #taken: Taken | null = null
  /** Of its last run. */
  #depth = 0
  #stops: (() => void)[] = []

  /** `noted` comes back with a snapshot. */
  constructor(seen: number, noted: NotedField | null = null) {
    this.#seen = seen
    this.#kind = noted?.kind ?? null
    this.#waiting = noted ? unseen(noted, seen) : noChanges()
  }

  /** Its reaction has seen everything up to this position, and that is durable. */
  get seen(): number {
    return this.#seen
  }

  /** As the code of today defines it. */
  get field(): Field {
    return this.#field!
  }

  get isDue(): boolean {
    return !isEmpty(this.#waiting)
  }

  /** How many reactions in a row its last run was: what it changed was caused by one more. */
  get depth(): number {
    return this.#depth
  }

  /** Whether what is known of the field makes sense for this one. */
  fits({ kind }: Field): boolean {
    return this.#kind === null || this.#kind === kind
  }

  /** Notes what changes in a document. `cause` says who does it, or `undefined` for what is not to be noted. */
  watch(
    document: Y.Doc,
    name: string,
    field: Field,
    cause: () => Cause | undefined,
    noted: () => void,
  ): void {
    this.stop()
    this.#field = field
    this.#kind = field.kind
    for (const root of rootsOf(document, name, field)) {
      const observer = (events: Y.YEvent<never>[]) => {
        const by = cause()
        if (by === undefined || !noteEvents(this.#waiting.keys, root, events as never)) return
        this.#waiting = { ...this.#waiting, ...causedBy(this.#waiting, by) }
        noted()
      }
      root.type.observeDeep(observer as never)
      this.#stops.push(() => root.type.unobserveDeep(observer as never))
    }
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  /** Hands out what is waiting. Its reaction has then seen everything up to this position, once that `landed`. */
  take(upTo: number): FieldChanges {
    const changes = this.#waiting
    this.#waiting = noChanges()
    this.#taken = { changes, upTo }
    this.#depth = changes.depth
    return changes
  }

  landed(): void {
    if (!this.#taken) return
    this.#seen = this.#taken.upTo
    this.#taken = null
  }

  /** What a snapshot must keep, taken at this position of everything pushed; `null` for nothing. */
  note(at: number): NotedField | null {
    if (!this.#kind || !(this.#taken || this.isDue)) return null
    return { kind: this.#kind, at, waiting: this.#waiting, taken: this.#taken }
  }
}

/** What of a note a reaction that has seen the log up to there has not seen. */
function unseen({ at, waiting, taken }: NotedField, seen: number): FieldChanges {
  return mergeChanges(
    taken && seen < taken.upTo ? taken.changes : noChanges(),
    seen < at ? waiting : noChanges(),
  )
}

function causedBy({ by, depth }: FieldChanges, cause: Cause): Pick<FieldChanges, 'by' | 'depth'> {
  if (cause && 'depth' in cause) return { by, depth: Math.min(depth, cause.depth + 1) }
  const isKnown = cause === null || by.includes(cause.user)
  return { by: isKnown ? by : [...by, cause.user], depth: 0 }
}
