import type * as Y from 'yjs'

/** Undo and redo of this client's own edits; everybody else's stay. Edits within 500 ms are one step. */
export interface History {
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Takes the last step back. Returns whether there was one. */
  undo(): boolean
  redo(): boolean
  /** Lets the next edit start a step of its own. */
  stopCapturing(): void
  /**
   * Also records transactions of this origin: editor bindings use one of their own
   * (`room.history.track(ySyncPluginKey)`). Returns its stop.
   */
  track(origin: unknown): () => void
  /** The undo manager of Yjs, for editor bindings that take one. Another one after a reset, with an empty stack. */
  readonly yjs: Y.UndoManager
  subscribe(listener: () => void): () => void
}
