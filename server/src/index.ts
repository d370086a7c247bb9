export type {
  Actor,
  AddedChange,
  Change,
  ChangeContext,
  ChangedOf,
  EventContext,
  Fail,
  JobContext,
  RemovedChange,
  RoomContext,
  SessionContext,
  TickContext,
} from './events/context.ts'
export type { ScheduleOptions, SignalTarget } from './events/effects.ts'
export {
  type Admission,
  type AnyImplementation,
  type Claims,
  type Fallback,
  type Guard,
  type Handler,
  type Handlers,
  type Implementation,
  implement,
  type Job,
  type Jobs,
  type Reactions,
  type Tick,
  type TickOptions,
} from './events/implement.ts'
export { type Middleware, type RateLimit, rateLimit } from './events/middleware.ts'
export type { HookDelivery, HookOptions } from './http/hooks.ts'
export type { IncomingEvent } from './ingest/incoming-event.ts'
export type { Ingest, IngestServices } from './ingest/ingest.ts'
export type { CircuitOptions } from './jobs/circuit-breaker.ts'
export type { WebhookEndpoint } from './jobs/webhook-sender.ts'
export type { JobLiveHandle, JobLiveMapHandle, LiveHandle, LiveMapHandle } from './live/handle.ts'
export type {
  Appended,
  CorruptRow,
  LogEntry,
  StoredReply,
  StoredRoom,
  UpdateLog,
} from './log/log.ts'
export { AppendRefused } from './log/log.ts'
export { memoryLog } from './log/memory.ts'
export { sqliteLog } from './log/sqlite.ts'
export { createLogger, type Logger } from './observe/logging.ts'
export type { ServerOptions } from './options.ts'
export { type RemoteHandler, type RemoteOptions, remote } from './remote/remote.ts'
export type { NamedRoom, RoomHandle, ServerDispatchOptions } from './room-handle.ts'
export { createServer, type InterplayServer, type Unsaved } from './server.ts'
export type { Authenticate } from './session/admit.ts'
export { anonymous, type JwtOptions, jwt } from './session/authenticate.ts'
