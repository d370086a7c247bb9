/** What some clients see of a live value: all of it, or the entities that match what they are interested in. */
export class View {
  /** The interest as JSON: who has the same one sees the same, and gets the same messages. */
  readonly key: string
  /** `null` for everything. */
  readonly matches: ((entity: unknown) => boolean) | null
  /** Keys of the entities that match. */
  readonly visible = new Set<string>()
  /** Counts the messages that made it what it is. */
  version = 1

  constructor(key: string, matches: View['matches'] = null) {
    this.key = key
    this.matches = matches
  }
}
