import type { View } from './view.ts'
import type { LiveWrite } from './write.ts'

/** What was sent of a live value, and what is to be sent next. Makes messages, each once for all who see the same. */
export interface Feed {
  /** Something has landed that nobody was told. */
  readonly hasNews: boolean
  /** Takes what code did, once it has taken effect. The latest wins. */
  land(write: LiveWrite): void
  /** What has landed is the value now. Nobody watches, nobody is told. */
  settle(): void
  /**
   * What has landed is the value now: the messages that say so, by view. A view without one sees nothing new. `null` says
   * that everybody needs a full one.
   */
  advance(views: Iterable<View>): ReadonlyMap<View, Uint8Array> | null
  /** A view, `interest` as the client gave it. Throws `invalid-input`. */
  view(key: string, interest: unknown): View
  /** The value as a view shows it; `null` as long as there is none. */
  full(view: View): Uint8Array | null
  /** What makes one view of another. */
  between(from: View, to: View): Uint8Array
}

/** Keys beyond those in use that are not worth a full message to everybody. */
export const maxUnusedKeys = 1_024
