export { newEventId } from './event-id.ts'
export {
  type Dispatch,
  type Frame,
  type Hello,
  isRuntimeFrame,
  type Job,
  type JobStatus,
  type Live,
  type Outcome,
  type Refused,
  type Reply,
  readFrame,
  readJson,
  type Signal,
  type Subscribe,
  type Welcome,
  writeFrame,
  writeJson,
} from './frame.ts'
export { maxEventIdLength, maxEventNameLength, maxRoomNameBytes, protocolVersion } from './limits.ts'
