import type * as Y from 'yjs'
import type { Place } from './place.ts'
import { openPlace, type Scope } from './scope.ts'

/** The document of a rich text editor. Editors write it through {@link RichTextView.yjs}. */
export class RichTextView {
  private readonly scope: Scope
  private readonly place: Place<Y.XmlFragment>

  /** @internal */
  constructor(scope: Scope, place: Place<Y.XmlFragment>) {
    this.scope = scope
    this.place = place
  }

  /** Nodes at the top level. */
  get length(): number {
    return this.place.read()?.length ?? 0
  }

  /** The document as XML text; empty when a node of it is not XML. */
  toString(): string {
    try {
      return this.place.read()?.toString() ?? ''
    } catch {
      return ''
    }
  }

  toJSON(): string {
    return this.toString()
  }

  /** Calls back after each transaction that changed the document. Returns the stop. */
  subscribe(listener: () => void): () => void {
    return this.place.observe(listener)
  }

  /** The shared type, for editor bindings. Made when a document of an older version lacks it. */
  get yjs(): Y.XmlFragment {
    return openPlace(this.scope, this.place)
  }
}
