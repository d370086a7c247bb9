import type { Outcome } from '@interplay/shared/protocol'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { IntakeRequest } from './intake.ts'

/** A source of events beside clients and HTTP, such as `mqttIngest({ … })`. */
export interface Ingest {
  /** Begins to take events, once the server listens. Returns its stop, which resolves when what it took is durable. */
  start(services: IngestServices): () => Promise<void>
}

/** What a source of events needs of the server. */
export interface IngestServices {
  /** See `Intake.take`. */
  readonly take: (request: IntakeRequest, abortSignal: AbortSignal) => Promise<Outcome>
  /** Bytes of the largest message that is taken. */
  readonly maxInputBytes: number
  readonly logger: Logger
  readonly metrics: Metrics
}
