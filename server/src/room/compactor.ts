import * as Y from 'yjs'
import { shouldCompact, shouldCompactOnUnload } from '../log/compaction.ts'
import type { StoredRoom, UpdateLog } from '../log/log.ts'

export interface CompactorEvents {
  /** What to keep with a snapshot that is taken now. */
  readonly note: () => string | undefined
  readonly compacted: (bytes: number) => void
  readonly failed: (error: unknown) => void
}

/**
 * Replaces a room's tail of entries by a snapshot when that pays. Everything durable is in the document when `appended` is
 * called, so the snapshot holds what it replaces.
 */
export class Compactor {
  readonly #room: string
  readonly #document: Y.Doc
  readonly #log: UpdateLog
  readonly #events: CompactorEvents
  #enabled: boolean
  #position: number
  #snapshotBytes: number
  #tailBytes = 0
  #tailEntries: number
  #running: Promise<void> | null = null

  /** A room with corrupt rows is never compacted: what they hold may yet be saved. */
  constructor(
    room: string,
    document: Y.Doc,
    stored: StoredRoom,
    log: UpdateLog,
    enabled: boolean,
    events: CompactorEvents,
  ) {
    this.#room = room
    this.#document = document
    this.#log = log
    this.#enabled = enabled
    this.#events = events
    this.#position = stored.position
    this.#snapshotBytes = stored.snapshot?.length ?? 0
    this.#tailEntries = stored.updates.length
    for (const { update } of stored.updates) this.#tailBytes += update.length
  }

  appended(position: number, bytes: number, entries: number): void {
    this.#position = position
    this.#tailBytes += bytes
    this.#tailEntries += entries
    if (this.#enabled && !this.#running && shouldCompact(this.#tail)) void this.#compact()
  }

  /** Resolves once the room is as cheap to open as it is worth. */
  async beforeUnload(): Promise<void> {
    await this.#running
    if (this.#enabled && shouldCompactOnUnload(this.#tail)) await this.#compact()
  }

  /** Begins no other snapshot. Resolves once the one that is being written is. */
  async stop(): Promise<void> {
    this.#enabled = false
    await this.#running
  }

  get #tail() {
    return { snapshotBytes: this.#snapshotBytes, tailBytes: this.#tailBytes, tailEntries: this.#tailEntries }
  }

  #compact(): Promise<void> {
    const position = this.#position
    const snapshot = Y.encodeStateAsUpdate(this.#document)
    const note = this.#events.note()
    // What arrives while the snapshot is written belongs to the next tail.
    this.#tailBytes = 0
    this.#tailEntries = 0
    this.#running = this.#log
      .compact(this.#room, position, snapshot, note)
      .then(
        () => {
          this.#snapshotBytes = snapshot.length
          this.#events.compacted(snapshot.length)
        },
        (error) => this.#events.failed(error),
      )
      .finally(() => {
        this.#running = null
      })
    return this.#running
  }
}
