/** Who may watch live values: a session. */
export interface Viewer {
  /** How its client addresses the room. */
  readonly key: string
  /** It reads too slowly: it is told when it has caught up, the latest then. */
  readonly isBehind: boolean
  /** Sends a runtime frame, if the client speaks them. */
  sendRuntime(frame: Uint8Array): void
}

/** What is counted of live values. */
export interface LiveMeter {
  /** A message was made, of so many bytes. */
  encoded(bytes: number): void
  /** Frames were sent. */
  sent(frames: number): void
  /** Sessions that were behind were not sent a message. */
  skipped(sessions: number): void
}
