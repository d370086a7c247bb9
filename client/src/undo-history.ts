import * as Y from 'yjs'
import type { History } from './history.ts'
import { Listeners } from './listeners.ts'

const captureMs = 500

/** A history over whichever document the room has. */
export class UndoHistory implements History {
  yjs: Y.UndoManager
  readonly #listeners = new Listeners()
  readonly #origins = new Set<unknown>()

  /** `origin` marks the transactions of typed views; without an origin are those of `room.doc` itself. */
  constructor(doc: Y.Doc, origin: unknown) {
    this.#origins.add(null).add(origin)
    this.yjs = this.#open(doc)
  }

  get canUndo(): boolean {
    return this.yjs.canUndo()
  }

  get canRedo(): boolean {
    return this.yjs.canRedo()
  }

  undo(): boolean {
    return this.yjs.undo() !== null
  }

  redo(): boolean {
    return this.yjs.redo() !== null
  }

  stopCapturing(): void {
    this.yjs.stopCapturing()
  }

  track(origin: unknown): () => void {
    this.#origins.add(origin)
    this.yjs.addTrackedOrigin(origin)
    return () => {
      this.#origins.delete(origin)
      this.yjs.removeTrackedOrigin(origin)
    }
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Starts anew on another document. */
  move(doc: Y.Doc): void {
    this.yjs.destroy()
    this.yjs = this.#open(doc)
    this.#listeners.notify()
  }

  close(): void {
    this.yjs.destroy()
  }

  #open(doc: Y.Doc): Y.UndoManager {
    const yjs = new Y.UndoManager(doc, {
      captureTimeout: captureMs,
      trackedOrigins: new Set(this.#origins),
      deleteFilter: ({ content }) =>
        !(content instanceof Y.ContentType && holdsOthers(content.type, doc.clientID)),
    })
    const changed = () => this.#listeners.notify()
    for (const name of ['stack-item-added', 'stack-item-popped', 'stack-cleared'] as const)
      yjs.on(name, changed)
    return yjs
  }
}

/** Whether somebody else wrote inside this type: an undo that took it away would take theirs with it. */
function holdsOthers(type: Y.AbstractType<unknown>, own: number): boolean {
  const stands = (item: Y.Item) =>
    !item.deleted &&
    (item.id.client !== own || (item.content instanceof Y.ContentType && holdsOthers(item.content.type, own)))
  for (let item = type._start; item; item = item.right) if (stands(item)) return true
  return [...type._map.values()].some(stands)
}
