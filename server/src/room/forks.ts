import * as Y from 'yjs'
import { type Draft, Fork } from '../events/draft.ts'
import type { DocumentEntry, Reactions } from './reactions.ts'

/** The origin of changes that handlers made: they are in the log before they are in the document. */
export const handlerOrigin = { source: 'local' as const }

/** A fork that no event used for this long is dropped. */
const idleMs = 30_000

/** Bytes a fork may lie behind its document before a new one costs less. */
const maxLagBytes = 4 * 1024 * 1024

/** A change of the fork that is durable, and not in the document yet. */
interface Landing extends DocumentEntry {
  readonly change: Uint8Array
}

/**
 * The fork on which a room's events run: made at the first event, kept in step, dropped when idle or spoilt. Changes that
 * are not durable yet are remembered here, since a new fork needs them and the document does not have them.
 */
export class Forks {
  readonly #document: Y.Doc
  readonly #ahead = new Set<Uint8Array>()
  readonly #reactions: Pick<Reactions, 'replay'>
  #durable: Landing[] = []
  #fork: Fork | null = null
  #used = false
  #timer: NodeJS.Timeout | null = null

  constructor(document: Y.Doc, reactions: Pick<Reactions, 'replay'>) {
    this.#document = document
    this.#reactions = reactions
  }

  /** Whether a change of the fork is not in the document yet. */
  get isAhead(): boolean {
    return this.#ahead.size > 0
  }

  begin(): Draft {
    this.#used = true
    this.#fork ??= this.#create()
    return this.#fork.begin()
  }

  /** The document changed by other means than a handler. */
  follow(update: Uint8Array): void {
    if (!this.#fork) return
    this.#fork.follow(update)
    if (this.#fork.lagBytes > maxLagBytes && !this.#fork.busy) this.drop()
  }

  /** A handler's change is on the fork, and on its way into the log. */
  ahead(change: Uint8Array): void {
    this.#ahead.add(change)
  }

  /** A handler's change is durable: it enters the document with the others of its commit. */
  durable(change: Uint8Array, position: number, by: string | null): void {
    this.#durable.push({ change, position, by })
  }

  /** Puts the changes of a commit into the document, those as one that no reaction tells apart. Says whether there were any. */
  land(): boolean {
    if (this.#durable.length === 0) return false
    const durable = this.#durable
    this.#durable = []
    for (const { change } of durable) this.#ahead.delete(change)
    this.#reactions.replay(durable, (together) => {
      const changes = together.map(({ change }) => change)
      const update = changes.length === 1 ? changes[0]! : Y.mergeUpdates(changes)
      Y.applyUpdate(this.#document, update, handlerOrigin)
    })
    return true
  }

  drop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#fork?.destroy()
    this.#fork = null
  }

  #create(): Fork {
    const fork = new Fork(this.#document)
    for (const change of this.#ahead) fork.follow(change)
    this.#timer = setInterval(() => {
      if (!this.#used && !fork.busy) this.drop()
      this.#used = false
    }, idleMs)
    this.#timer.unref()
    return fork
  }
}
