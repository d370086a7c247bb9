import type * as Y from 'yjs'
import type { OpenRoom } from '../room.ts'
import type { Source } from './use-selected.ts'

/** A room of any presence type. */
export type AnyOpenRoom = OpenRoom<unknown, never>

/** The document of a room as one source for all hooks below a provider; one that replaces it counts as a change. */
export function watchDocument(room: AnyOpenRoom): Source & { stop(): void } {
  const listeners = new Set<() => void>()
  let doc: Y.Doc
  let version = 0

  const changed = () => {
    version++
    for (const listener of [...listeners]) listener()
  }
  const watch = () => {
    doc = room.doc
    doc.on('update', changed)
  }
  watch()
  const stopResets = room.onReset(() => {
    doc.off('update', changed)
    watch()
    changed()
  })

  return {
    version: () => version,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop() {
      doc.off('update', changed)
      stopResets()
    },
  }
}
