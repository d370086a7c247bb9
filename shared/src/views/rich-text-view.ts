import * as Y from 'yjs'
import { invalidInput } from '../validate.ts'
import type { Place } from './place.ts'
import type { SharedBehaviour } from './scope.ts'
import { SharedView } from './shared-view.ts'

/** The document of a rich text editor. Editors write it through `yjs`. */
export class RichTextView extends SharedView<Y.XmlFragment> {
  /** Nodes at the top level. */
  get length(): number {
    return this.place.read()?.length ?? 0
  }

  /** The document as XML text; empty when a node of it is not XML. */
  override toString(): string {
    try {
      return this.place.read()?.toString() ?? ''
    } catch {
      return ''
    }
  }

  toJSON(): string {
    return this.toString()
  }
}

export const richTextBehaviour: SharedBehaviour = {
  type: Y.XmlFragment,
  view: (scope, _, place) => new RichTextView(scope, place as Place<Y.XmlFragment>),
  build: (_, initial, { where }) => {
    if (initial === undefined) return new Y.XmlFragment()
    throw invalidInput('starts empty, an editor fills it', where)
  },
}
