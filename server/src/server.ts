import { type AnyRoom, InterplayError, type ParamsOf } from '@interplay/shared'
import { type AnyImplementation, handlerOf } from './events/implement.ts'
import { createApi } from './http/api.ts'
import { createOrigins } from './http/origins.ts'
import { Intake } from './ingest/intake.ts'
import { Scheduler } from './jobs/scheduler.ts'
import { createLogger } from './observe/logging.ts'
import { createMetrics, gaugeTasks } from './observe/metrics.ts'
import type { ServerOptions } from './options.ts'
import { Registry } from './room/registry.ts'
import { senderOf } from './room/send-webhook.ts'
import { createNamedRoom, createRoomHandle, type NamedRoom, type RoomHandle } from './room-handle.ts'
import { anonymous } from './session/authenticate.ts'
import { HttpServer } from './transport/http-server.ts'

const dayMs = 24 * 60 * 60 * 1000
const pruneEveryMs = 60 * 60 * 1000
const loopback: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/** What could not be made durable before `close` ran out of time. */
export interface Unsaved {
  readonly room: string
  /** Log entries that are not durable. */
  readonly entries: number
}

export interface InterplayServer {
  /** Opens the log and resolves to the port once the server listens. @default host '127.0.0.1' */
  listen(port: number, host?: string): Promise<number>
  /** A room, to dispatch to and to change from around the server. It is opened when it is used. */
  room<R extends AnyRoom>(definition: R, params: ParamsOf<R>): RoomHandle<R>
  room(name: string): NamedRoom
  /** Swaps the code of all rooms while sockets stay open. Throws on an incomplete implementation, and changes nothing. */
  replace(rooms: readonly AnyImplementation[]): void
  /** Stops, after everything is durable or the deadline has passed. Resolves to what could not be saved. */
  close(): Promise<Unsaved[]>
}

/** Composes a server. Nothing is opened before `listen`. */
export function createServer(options: ServerOptions): InterplayServer {
  const { rooms = [], log, logger = createLogger(), clock = Date.now } = options
  const { keepRepliesMs = 2 * dayMs, keepJournalMs = 7 * dayMs } = options
  for (const implementation of rooms) checkComplete(implementation)
  if (keepRepliesMs < dayMs) throw new TypeError('keepRepliesMs is at least a day: 86_400_000.')
  const metrics = createMetrics()
  const authenticate = options.auth ?? anonymous()
  const registry = new Registry({
    implementations: rooms,
    openRooms: options.openRooms ?? rooms.length === 0,
    extensions: options.extensions ?? [],
    unloadAfterMs: options.unloadAfterMs ?? 10_000,
    services: {
      log,
      logger,
      metrics,
      clock,
      maxInboxEvents: options.maxInboxEvents ?? 1_000,
      handlerDeadlineMs: options.handlerDeadlineMs ?? 10_000,
      keepsJournal: keepJournalMs > 0,
      tasksChanged: (room, changes) => scheduler.heard(room, changes),
    },
  })
  const scheduler = new Scheduler({
    log,
    logger,
    clock,
    concurrency: (room, job) => registry.concurrencyOf(room, job),
    run: (task, isCurrent) => registry.use(task.room, (room) => (isCurrent() ? room.run(task) : undefined)),
  })
  gaugeTasks(metrics, {
    counts: () => log.countTasks(),
    running: () => scheduler.running,
    roomsWithoutCode: () => scheduler.roomsWithoutCode,
    lateMs: () => Math.max(0, clock() - scheduler.oldestDue),
  })
  const services = { registry, authenticate, logger, metrics }
  const origins = options.cors ? createOrigins(options.cors) : null
  const closing = new AbortController()
  let closed: Promise<Unsaved[]> | null = null
  let implementations = rooms
  let stopIngest = async () => {}
  const api = createApi({
    ...services,
    log,
    maxBodyBytes: options.maxFrameBytes ?? 16 * 1024 * 1024,
    maxEventsInFlight: Math.max(1, Math.min(256, Math.floor((options.maxInboxEvents ?? 1_000) / 4))),
    closing: closing.signal,
    definitions: () => implementations.map(({ definition }) => definition),
    hooks: options.hooks ?? {},
    origins,
    fallback: options.fetch,
  })
  const http = new HttpServer({
    fetch: api,
    admits: (request) => origins?.admits(request) ?? true,
    services,
    limits: {
      maxFrameBytes: options.maxFrameBytes ?? 16 * 1024 * 1024,
      maxRoomsPerSocket: options.maxRoomsPerSocket ?? 100,
      highWaterBytes: options.highWaterBytes ?? 256 * 1024,
      maxLagBytes: options.maxLagBytes ?? 4 * 1024 * 1024,
      unauthenticatedMs: options.unauthenticatedMs ?? 30_000,
    },
  })
  const intake = new Intake(registry)
  const ingest = {
    take: intake.take.bind(intake),
    maxInputBytes: options.maxFrameBytes ?? 16 * 1024 * 1024,
    logger,
    metrics,
  }
  const prune = () => {
    log
      .prune({ replies: clock() - keepRepliesMs, journal: clock() - keepJournalMs })
      .catch((error) =>
        logger.warn({ error: String(error) }, 'old replies and journal records were not pruned'),
      )
  }
  const pruning = setInterval(prune, pruneEveryMs)
  pruning.unref()

  return {
    async listen(port, host = '127.0.0.1') {
      if (!options.auth && !loopback.has(host)) {
        const message = `Without 'auth' anybody who reaches ${host} could enter. Pass jwt({ … }), or anonymous() if that is meant.`
        throw new InterplayError('unauthorized', message)
      }
      // A log that cannot be opened, such as one that another process has, is told now and not at the first join.
      await log.rooms('', 1)
      const taken = await http.listen(port, host)
      scheduler.start()
      if (options.mqtt) stopIngest = options.mqtt.start(ingest)
      return taken
    },
    room: <R extends AnyRoom>(room: R | string, params?: ParamsOf<R>) =>
      typeof room === 'string'
        ? (createNamedRoom(registry, room) as never)
        : createRoomHandle(registry, room, params!),
    replace(next) {
      for (const implementation of next) checkComplete(implementation)
      implementations = next
      registry.replace(next)
      scheduler.codeChanged()
    },
    close() {
      closed ??= shutDown()
      return closed
    },
  }

  async function shutDown(): Promise<Unsaved[]> {
    const deadlineMs = options.closeDeadlineMs ?? 10_000
    clearInterval(pruning)
    const tasksEnded = scheduler.stop()
    for (const room of registry.rooms) room.jobs.interrupt()
    closing.abort()
    http.quiesce()
    const ingested = stopIngest()
    const startedAt = performance.now()
    // A job that does not end when it is told to must not take the time that saving needs.
    await withDeadline(tasksEnded, deadlineMs / 2)
    const unsavedRooms = await registry.close(deadlineMs - (performance.now() - startedAt))
    await withDeadline(ingested, 1_000)
    const unsaved = unsavedRooms.map(({ name, writer }) => ({ room: name, entries: writer.unsaved }))
    for (const each of unsaved) logger.error(each, 'not saved before the deadline')
    http.close()
    await withDeadline(log.close(), 1_000)
    http.terminate()
    return unsaved
  }
}

/** Every event and every job of a definition has its code, and every webhook can be sent. */
function checkComplete(implementation: AnyImplementation): void {
  const { definition, code } = implementation
  const events = Object.keys(definition.events).filter((event) => !handlerOf(implementation, event))
  const jobs = Object.keys(definition.jobs).filter((job) => !code.jobs.has(job))
  if (events.length > 0)
    throw new TypeError(
      `'${definition.pattern}' has no handler for ${events.join(', ')}. Add it to implement(…).on({ … }).`,
    )
  if (jobs.length > 0)
    throw new TypeError(
      `'${definition.pattern}' has no code for ${jobs.join(', ')}. Add it to implement(…).jobs({ … }).`,
    )
  if (code.webhooks.size > 0) senderOf(implementation)
}

async function withDeadline(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([
    work.catch(() => {}),
    new Promise((resolve) => {
      timer = setTimeout(resolve, ms)
    }),
  ])
  clearTimeout(timer)
}
