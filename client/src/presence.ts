/** What presence is made of where no schema says more: a JSON object. */
export type PresenceState = { [key: string]: unknown }

/** This session's own presence. `I` is what its schema takes, `P` what the schema makes of it. */
export interface Presence<P, I = P> {
  /** What this session shows; `null` while it shows nothing. The same object until it changes. */
  get(): P | null
  /** Shows this from now on; `null` takes the session out of everybody's `others`. Throws `invalid-input`. */
  set(presence: I | null): void
  /** Changes some fields and keeps the others. Throws `invalid-input`. */
  update(change: Partial<I>): void
  subscribe(listener: () => void): () => void
}

/** The other sessions of the room, this one excluded. Empty while the connection is down. */
export interface Others<P> {
  /** The same array until somebody changes, comes or goes; the same element until that one changes. */
  get(): readonly Other<P>[]
  subscribe(listener: () => void): () => void
}

export interface Other<P> {
  /** The client id of the session's document and awareness. */
  readonly sessionId: number
  readonly presence: P
}
