import type { Extensions } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import { Placeholder } from '@tiptap/extensions'
import StarterKit from '@tiptap/starter-kit'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { Carets } from './carets.ts'

/** What the editor can do, bound to a shared document. */
export function extensionsFor(content: Y.XmlFragment, awareness: Awareness): Extensions {
  return [
    StarterKit.configure({
      heading: { levels: [1, 2, 3] },
      // Collaboration has its own undo, of one's own edits only.
      undoRedo: false,
      // These write whenever somebody else does: every open page would make the same edit.
      trailingNode: false,
      link: { autolink: false, openOnClick: false },
    }),
    Placeholder.configure({ placeholder: 'Write something. Whoever has the link writes with you.' }),
    Collaboration.configure({ fragment: content }),
    Carets.configure({ awareness }),
  ]
}
