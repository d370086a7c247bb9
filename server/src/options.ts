import type { Extension } from '@hocuspocus/server'
import type { AnyImplementation } from './events/implement.ts'
import type { HookOptions } from './http/hooks.ts'
import type { Ingest } from './ingest/ingest.ts'
import type { UpdateLog } from './log/log.ts'
import type { Logger } from './observe/logging.ts'
import type { Authenticate } from './session/admit.ts'

export interface ServerOptions {
  /** Implementations of the rooms to host. Without any, every room is open: any name, no events. @default [] */
  readonly rooms?: readonly AnyImplementation[]
  /** Hosts rooms of other names too, without a definition. @default true if there are no `rooms` */
  readonly openRooms?: boolean
  /** Verifies tokens: `jwt({ … })`, `anonymous()` or a function. Without it the server listens on loopback only. */
  readonly auth?: Authenticate
  /** Where changes become durable: `sqliteLog(folder)`, `memoryLog()`, … */
  readonly log: UpdateLog
  /** Answers HTTP requests that are none of the server's own, such as the files of an application. */
  readonly fetch?: (request: Request) => Response | Promise<Response>
  /**
   * Origins of pages that may use the HTTP API and open WebSockets: `['https://app.example']`, or `['*']` for all. Pages of
   * this very host always may. @default none may read the API, all may open WebSockets
   */
  readonly cors?: readonly string[]
  /** Webhooks that come in at `/hooks/<name>`, by name. @default {} */
  readonly hooks?: Readonly<Record<string, HookOptions>>
  /** A broker whose messages are events: `mqttIngest({ … })` of `@interplay/server/mqtt`. @default none */
  readonly mqtt?: Ingest
  /** Hocuspocus extensions. A throw in one costs the call it was thrown in. @default [] */
  readonly extensions?: readonly Extension[]
  /** Bytes of the largest frame a client may send; a larger one closes its socket. @default 16_777_216 */
  readonly maxFrameBytes?: number
  /** Bytes that may wait for a client that reads slowly; then it is sent the latest only, in one piece. @default 262_144 */
  readonly highWaterBytes?: number
  /** Bytes of replies and answers that may wait on top of that; with more its socket is cut. @default 4_194_304 */
  readonly maxLagBytes?: number
  /** Rooms that one socket may be in. @default 100 */
  readonly maxRoomsPerSocket?: number
  /** Events that may wait in one room; one more is answered `overloaded`. @default 1_000 */
  readonly maxInboxEvents?: number
  /** Time a handler may take; then its signal aborts and its draft is discarded. @default 10_000 */
  readonly handlerDeadlineMs?: number
  /** Time a socket has to join its first room. @default 30_000 */
  readonly unauthenticatedMs?: number
  /** Time a room stays in memory after the last session left. @default 10_000 */
  readonly unloadAfterMs?: number
  /** Time that `close` may take to make everything durable. @default 10_000 */
  readonly closeDeadlineMs?: number
  /** Time that stored replies are kept: an event id dispatched again within it runs once. At least a day. @default 172_800_000 */
  readonly keepRepliesMs?: number
  /** Time that the journal of events is kept; 0 keeps none. @default 604_800_000 */
  readonly keepJournalMs?: number
  /** @default JSON lines on standard error */
  readonly logger?: Logger
  /** Milliseconds since 1970. @default Date.now */
  readonly clock?: () => number
}
