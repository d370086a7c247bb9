import { readableInk } from '@interplay/example-kit'
import { Extension } from '@tiptap/core'
import { yCursorPlugin } from '@tiptap/y-tiptap'
import type { Awareness } from 'y-protocols/awareness'
import type { z } from 'zod'
import { Presence } from '../document.ts'

type User = z.infer<typeof Presence>['user']

/** Shows where the others are. What somebody sends that is no presence is not drawn. */
export const Carets = Extension.create<{ awareness: Awareness | null }>({
  name: 'carets',
  addOptions: () => ({ awareness: null }),
  addProseMirrorPlugins() {
    if (!this.options.awareness) return []
    return [
      yCursorPlugin(this.options.awareness, {
        awarenessStateFilter: (own: number, id: number, state: unknown) =>
          id !== own && Presence.safeParse(state).success,
        cursorBuilder: drawCaret,
        selectionBuilder: ({ color }: User) => ({ class: 'selection', style: `--color: ${color}` }),
      }),
    ]
  },
})

/** The name is drawn by the stylesheet: as text it would be read out, and found, in the middle of the content. */
function drawCaret({ name, color }: User): HTMLElement {
  const caret = document.createElement('span')
  caret.className = 'caret'
  caret.dataset.name = name
  caret.style.setProperty('--color', color)
  caret.style.setProperty('--ink', readableInk(color))
  return caret
}
