import type { Document } from '@hocuspocus/server'
import { createState } from '@interplay/shared'
import type { AnyImplementation } from '../events/implement.ts'
import type { StoredRoom } from '../log/log.ts'
import { compare, type Difference, isNothing } from './field-changes.ts'
import { type Cause, type NotedField, WatchedField } from './watched-field.ts'

/** Who made an entry: the reaction to a field, whose own changes do not set it off; or a user. */
export const byReaction = (field: string) => `r:${field}`
export const byUser = (userId: string) => `u:${userId}`
const prefixLength = byUser('').length

/** An entry of the log that changes the document. */
export interface DocumentEntry {
  readonly position: number
  readonly by: string | null
}

/** What a reaction is to be run for. */
export interface DueReaction {
  /** Of its field. */
  readonly name: string
  /** It has seen everything up to this position then. */
  readonly upTo: number
  readonly by: readonly string[]
  /** Reactions set each other off without end: this one must not be run. */
  readonly isLoop: boolean
  /** Throws what reading the field threw. */
  readonly difference: () => Difference
}

/** Reactions in a row that set each other off: one more is a loop. */
const maxDepth = 8

/** The place of a reaction that the code does not have any more: put back, it begins anew. */
const gone = Number.MAX_SAFE_INTEGER

const noteVersion = 1

/**
 * What each `changed` reaction has yet to see. A reaction's place is a position of the log, recorded in the same append as
 * its effect; opening a room reads what lies behind that place once more, as changes.
 */
export class Reactions {
  /** Whether the note of a snapshot, of what was due then, could not be read. */
  readonly hasLostNote: boolean
  /**
   * The position at which that note was taken. Entries that were on their way may have been lost: before a reaction records
   * its place, the log must be as far again, or what is in the note would be due once more.
   */
  readonly notedAt: number
  readonly #document: Document
  readonly #watched = new Map<string, WatchedField>()
  /** Those that the code does not have. They go on if it has them again before anything is written without them. */
  readonly #left = new Map<string, WatchedField>()
  /** Where new ones begin, until it is recorded. */
  readonly #begun = new Map<string, number>()
  #state: object = {}
  /** Who changes the document now, and in which entry. What comes from outside is in none yet. */
  #by: string | null = null
  #position = Number.POSITIVE_INFINITY
  #noted: () => void = () => {}

  constructor(document: Document, stored: StoredRoom) {
    this.#document = document
    const notes = readNote(stored.note)
    this.hasLostNote = notes === null
    this.notedAt = Math.max(0, ...[...(notes?.values() ?? [])].map(({ at }) => at))
    for (const [name, seen] of Object.entries(stored.reacted))
      if (seen <= stored.position) this.#left.set(name, new WatchedField(seen, notes?.get(name)))
  }

  /** The room has this code from this position on. Reactions that are new begin here. */
  follow(implementation: AnyImplementation | null, position: number): void {
    for (const [name, watched] of this.#watched) {
      watched.stop()
      this.#left.set(name, watched)
    }
    this.#watched.clear()
    if (!implementation) return
    const { definition, code } = implementation
    this.#state = createState(definition, this.#document, { writer: 'handlers', transact: refuse })
    for (const name of code.changed.keys()) {
      const field = definition.state[name]!
      const known = this.#left.get(name)
      const watched = known?.fits(field) ? known : new WatchedField(position)
      if (watched !== known) this.#begun.set(name, position)
      this.#left.delete(name)
      this.#watched.set(name, watched)
      const cause = () => this.#causeFor(name, watched)
      watched.watch(this.#document, name, field, cause, () => this.#noted())
    }
  }

  get size(): number {
    return this.#watched.size
  }

  has(name: string): boolean {
    return this.#watched.has(name)
  }

  /** Applies entries in their order, those together that no reaction tells apart. What a reaction has seen it does not note. */
  replay<E extends DocumentEntry>(entries: readonly E[], apply: (together: readonly E[]) => void): void {
    const places = [...this.#watched.values()].map(({ seen }) => seen)
    const isApart = (a: E, b: E) =>
      places.some((seen) => seen < b.position && (a.by !== b.by || a.position <= seen))
    let first = 0
    for (let next = 1; next <= entries.length; next++) {
      const last = entries[next - 1]!
      if (next < entries.length && !isApart(last, entries[next]!)) continue
      this.#during(last.by, last.position, () => apply(entries.slice(first, next)))
      first = next
    }
  }

  /** Runs what changes the document, on behalf of whoever it is. */
  during(by: string | null, change: () => void): void {
    this.#during(by, Number.POSITIVE_INFINITY, change)
  }

  /** Calls back whenever something has changed to react to; at once if something has already. */
  whenDue(noted: () => void): void {
    this.#noted = noted
    if ([...this.#watched.values()].some(({ isDue }) => isDue)) noted()
  }

  /**
   * Hands out what there is to react to, leaving out what came to nothing. Everything that was pushed must be in the
   * document, and `upTo` is its last position. Each ends with `landed`.
   */
  take(upTo: number): DueReaction[] {
    const due: DueReaction[] = []
    for (const [name, watched] of this.#watched) {
      if (!watched.isDue) continue
      const { keys, by, depth } = watched.take(upTo)
      const difference = attempt(() => compare(keys, watched.field, Reflect.get(this.#state, name)))
      if (difference.ok && isNothing(difference.value)) watched.landed()
      else due.push({ name, upTo, by, isLoop: depth > maxDepth, difference: () => resultOf(difference) })
    }
    return due
  }

  /** The run's entry is durable. */
  landed(name: string): void {
    const watched = this.#watched.get(name) ?? this.#left.get(name)
    watched?.landed()
  }

  /** Places that the next entry must record, whatever it is for; `null` if there are none. */
  places(): Record<string, number> | null {
    if (this.#begun.size + this.#left.size === 0) return null
    const places = new Map(this.#begun)
    for (const name of this.#left.keys()) places.set(name, gone)
    this.#begun.clear()
    this.#left.clear()
    return Object.fromEntries(places)
  }

  /** What a snapshot must keep, taken at this position of everything pushed; `undefined` for nothing. */
  note(at: number): string | undefined {
    const notes: [string, NotedField][] = []
    for (const [name, watched] of [...this.#watched, ...this.#left]) {
      const noted = watched.note(at)
      if (noted) notes.push([name, noted])
    }
    return notes.length > 0 ? writeNote(notes) : undefined
  }

  #during(by: string | null, position: number, change: () => void): void {
    const outer = { by: this.#by, position: this.#position }
    this.#by = by
    this.#position = position
    try {
      change()
    } finally {
      this.#by = outer.by
      this.#position = outer.position
    }
  }

  /** Who changes the document now, for a reaction that has to see it; `undefined` for one that has not. */
  #causeFor(name: string, watched: WatchedField): Cause | undefined {
    const by = this.#by
    if (by === byReaction(name) || this.#position <= watched.seen) return undefined
    if (by === null) return null
    const who = by.slice(prefixLength)
    return by === byUser(who) ? { user: who } : { depth: this.#watched.get(who)?.depth ?? 0 }
  }
}

function writeNote(fields: readonly [string, NotedField][]): string {
  // A hostile client may write integers that JSON does not have.
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? null : value)
  return JSON.stringify({ version: noteVersion, fields }, plain)
}

/** `null` for a note that this version cannot read. */
function readNote(note: string | null): Map<string, NotedField> | null {
  if (note === null) return new Map()
  const read = attempt(() => JSON.parse(note))
  return read.ok && read.value?.version === noteVersion ? new Map(read.value.fields) : null
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

function attempt<T>(run: () => T): Attempt<T> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    return { ok: false, error }
  }
}

function resultOf<T>(attempted: Attempt<T>): T {
  if (attempted.ok) return attempted.value
  throw attempted.error
}

function refuse(): never {
  throw new Error('This state is only read.')
}
