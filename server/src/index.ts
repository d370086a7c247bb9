export {
  type Actor,
  type Admission,
  type AnyImplementation,
  type Claims,
  type EventContext,
  type Guard,
  type Handler,
  type Handlers,
  type Implementation,
  implement,
} from './events/implement.ts'
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
export { createServer, type InterplayServer, type Unsaved } from './server.ts'
export type { Authenticate } from './session/admit.ts'
export { anonymous, type JwtOptions, jwt } from './session/authenticate.ts'
