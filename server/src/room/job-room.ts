import type { JobStatus } from '@interplay/shared/protocol'
import type { AnyImplementation } from '../events/implement.ts'
import type { QueuedTask } from '../jobs/task.ts'
import type { TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Sent } from './outbox.ts'

/** What jobs need of their room. */
export interface JobRoom {
  readonly name: string
  readonly log: UpdateLog
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
  readonly params: () => unknown
  readonly implementation: () => AnyImplementation | null
  /** The live values; `change` runs a step. */
  readonly live: (change: (step: (context: never) => unknown) => Promise<unknown>) => object
  /** Runs a step in the room's inbox. Resolves once it is durable; rejects when the room closes. */
  readonly change: (step: (context: never) => unknown) => Promise<unknown>
  /** Hands changes of tasks to the log. Resolves once they are durable; rejects when the room closes. */
  readonly record: (tasks: readonly TaskChange[], journal?: JobRecord) => Promise<void>
  /** Makes one attempt to send something. Never rejects. */
  readonly send: (task: QueuedTask) => Promise<Sent>
  /** Tells the clients in the room. */
  readonly tell: (job: JobStatus) => void
}

/** What the journal notes of an attempt. */
export interface JobRecord {
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly attempt: number
  readonly durationMs: number
  readonly error?: string
}
