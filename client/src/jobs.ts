import type { JobStatus } from '@interplay/shared/protocol'

/** Jobs of the room that run, that wait for another attempt, or that have failed for good. */
export interface Jobs {
  /** The same array until one of them changes, begins or ends. */
  get(): readonly JobStatus[]
  subscribe(listener: () => void): () => void
}
