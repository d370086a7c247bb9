import type { Document } from '@hocuspocus/server'
import type { AnyRoom, Field } from '@interplay/shared'
import * as Y from 'yjs'
import type { StoredRoom } from '../log/log.ts'
import { type FieldChanges, isEmpty, mergeChanges, noChanges, note } from './field-changes.ts'

/** Changes of one field that its reaction has not seen, or has seen in a run that is not durable yet. */
interface Watched {
  readonly field: Field
  /** It has seen everything up to this position of the log, and that is durable. `null` before it was ever noted. */
  seen: number | null
  waiting: FieldChanges
  /** What a run under way has taken, and the position that it has seen then. */
  taken: { readonly changes: FieldChanges; readonly upTo: number } | null
  /** How many reactions in a row set this one off. */
  depth: number
  /** The same, of its last run. */
  ranAt: number
}

/** Reactions in a row that set each other off: one more is a loop. */
const maxDepth = 8

/** What a snapshot keeps of a field, since it replaces the entries that would tell. */
interface Noted {
  readonly at: number
  readonly waiting: FieldChanges
  readonly taken: { readonly changes: FieldChanges; readonly upTo: number } | null
}

/** Who made an entry: the reaction to a field, whose own changes do not set it off; or a user. */
export const byReaction = (field: string) => `r:${field}`
export const byUser = (userId: string) => `u:${userId}`

/**
 * What each `changed` reaction has yet to see. A reaction's place is a position of the log, recorded in the same append as its
 * effect; opening a room reads what lies behind that place once more, as changes.
 */
export class Reactions {
  readonly #watched = new Map<string, Watched>()
  readonly #document: Document
  #by: string | null = null
  #due: () => void = () => {}

  /** `fields` have a reaction. Watches from now on: what is applied to the document is noted. */
  constructor(document: Document, definition: AnyRoom | null, fields: Iterable<string>, stored: StoredRoom) {
    this.#document = document
    const noted = (stored.note ? JSON.parse(stored.note) : {}) as Record<string, Noted>
    for (const name of fields) {
      const field = definition?.state[name]
      if (!field) continue
      const seen = stored.reacted[name] ?? null
      const waiting = restore(noted[name], seen)
      const watched: Watched = { field, seen, waiting, taken: null, depth: 0, ranAt: 0 }
      this.#watched.set(name, watched)
      this.#observe(name, watched)
    }
  }

  #observe(name: string, watched: Watched): void {
    for (const [child, root] of rootsOf(this.#document, name, watched.field)) {
      root.observeDeep((events) => {
        const by = this.#by
        if (by === byReaction(name)) return
        note(watched.waiting, root, child, events as never)
        if (by?.startsWith('r:')) {
          const cause = this.#watched.get(by.slice(2))
          watched.depth = Math.max(watched.depth, (cause?.ranAt ?? 0) + 1)
        } else if (by && !watched.waiting.by.includes(by.slice(2))) watched.waiting.by.push(by.slice(2))
        this.#due()
      })
    }
  }

  get size(): number {
    return this.#watched.size
  }

  /** The position up to which all of them have seen the room. */
  get seen(): number {
    let seen = Number.POSITIVE_INFINITY
    for (const watched of this.#watched.values()) seen = Math.min(seen, watched.seen ?? seen)
    return seen
  }

  /** Applies an entry of the log: only reactions that have not seen it note what it does. */
  replay(position: number, by: string | null, apply: () => void): void {
    const before = new Map<Watched, FieldChanges>()
    for (const watched of this.#watched.values()) {
      if (watched.seen !== null && position > watched.seen) continue
      before.set(watched, watched.waiting)
      watched.waiting = noChanges()
    }
    this.during(by, apply)
    for (const [watched, waiting] of before) watched.waiting = waiting
  }

  /** Runs what changes the document, on behalf of a user. */
  during(by: string | null, change: () => void): void {
    this.#by = by
    try {
      change()
    } finally {
      this.#by = null
    }
  }

  /** Calls back whenever something is there to react to; at once if something is already. */
  whenDue(due: () => void): void {
    this.#due = due
    if (this.due.length > 0) due()
  }

  /** Names of fields whose reaction has something to see. */
  get due(): string[] {
    return [...this.#watched].filter(([, { waiting }]) => !isEmpty(waiting)).map(([name]) => name)
  }

  /** Reactions whose place was never recorded: they begin at the room's position, which is recorded with the next entry. */
  unplaced(): string[] {
    return [...this.#watched].filter(([, { seen }]) => seen === null).map(([name]) => name)
  }

  place(name: string, position: number): void {
    this.#watched.get(name)!.seen = position
  }

  /** Hands out what a reaction has yet to see. `isLoop` says that it must not be run for it. It ends with `landed`. */
  take(name: string, upTo: number): { field: Field; changes: FieldChanges; isLoop: boolean } {
    const watched = this.#watched.get(name)!
    const { field, waiting: changes, depth } = watched
    watched.waiting = noChanges()
    watched.taken = { changes, upTo }
    watched.ranAt = depth
    watched.depth = 0
    return { field, changes, isLoop: depth > maxDepth }
  }

  /** The run's entry is durable. */
  landed(name: string): void {
    const watched = this.#watched.get(name)!
    watched.seen = watched.taken!.upTo
    watched.taken = null
  }

  /** What a snapshot must keep, taken at this position of everything pushed; `undefined` for nothing. */
  note(at: number): string | undefined {
    const noted: Record<string, Noted> = {}
    for (const [name, { waiting, taken }] of this.#watched)
      if (taken || !isEmpty(waiting)) noted[name] = { at, waiting, taken }
    return Object.keys(noted).length > 0 ? JSON.stringify(noted) : undefined
  }
}

/** What of a note a reaction that has `seen` the log up to there has not seen. */
function restore(noted: Noted | undefined, seen: number | null): FieldChanges {
  if (!noted) return noChanges()
  const waiting = seen !== null && seen >= noted.at ? noChanges() : noted.waiting
  const isTakenSeen = !noted.taken || (seen !== null && seen >= noted.taken.upTo)
  return mergeChanges(isTakenSeen ? noChanges() : noted.taken!.changes, waiting)
}

/** The root types of a field: its own, and those of a record's shared children, with their keys. */
function rootsOf(
  document: Y.Doc,
  name: string,
  field: Field,
): [child: string | null, root: Y.AbstractType<unknown>][] {
  const own = document.get(name, typeOf(field)) as unknown as Y.AbstractType<unknown>
  if (field.kind !== 'record') return [[null, own]]
  const children = Object.entries(field.fields).flatMap(([child, of]) =>
    of.kind === 'value'
      ? []
      : rootsOf(document, `${name}.${child}`, of).map(([, root]) => [child, root] as const),
  )
  return [[null, own], ...children.map(([child, root]): [string, typeof root] => [child, root])]
}

function typeOf(field: Field): never {
  const types = { text: Y.Text, richText: Y.XmlFragment, list: Y.Array }
  return (types[field.kind as keyof typeof types] ?? Y.Map) as never
}
