import { flushCompileCache } from 'node:module'
import { createServer, type Logger, sqliteLog, type UpdateLog } from '@interplay/server'
import { boardRoom } from './board.ts'
import { simulated } from './game.ts'
import { webhookSecret } from './receiver.ts'
import { workRoom } from './work-room.ts'

/** What the process is started with, as JSON in its first argument. */
export interface ServerProcessOptions {
  readonly folder: string
  /** 0 takes a free one. */
  readonly port: number
  readonly closeDeadlineMs?: number
  /** Where the webhooks of the room for work go. */
  readonly webhooks?: string
}

/** What it can be told: that appends fail from now on, or no longer; or when to end itself by SIGKILL. */
export type ServerOrder = { readonly order: 'fail'; readonly failing: boolean } | DeathOrder

export interface DeathOrder {
  readonly order: 'die'
  /**
   * At an append: before the log has seen it, while it is being committed, or between its commit and its
   * acknowledgement. Or while a snapshot replaces its tail.
   */
  readonly moment: 'before' | 'during' | 'after' | 'compacting'
  /** Appends that still succeed. */
  readonly afterAppends: number
  /** From the start of what it is killed in, in milliseconds. */
  readonly delayMs: number
}

/** A server in a process of its own, so that it can be killed. It says its port to its parent once it listens. */
const options = JSON.parse(process.argv[2]!) as ServerProcessOptions
let failing = false
let death: DeathOrder | null = null
let appendsLeft = 0

const die = () => process.kill(process.pid, 'SIGKILL')
/** How far the thread of the log comes in this time is chance. */
const dieSoon = (order: DeathOrder) => setTimeout(die, order.delayMs)

function breakable(log: UpdateLog): UpdateLog {
  return {
    load: (room) => log.load(room),
    async append(room, entries, after) {
      if (failing) throw new Error('the disk is full')
      const due = death && appendsLeft-- <= 0 ? death : null
      if (due?.moment === 'before') die()
      if (due?.moment === 'during') dieSoon(due)
      const appended = await log.append(room, entries, after)
      if (due?.moment === 'after') die()
      return appended
    },
    replies: (room, eventIds) => log.replies(room, eventIds),
    eventIds: (room, after, limit) => log.eventIds(room, after, limit),
    compact(room, position, snapshot, note) {
      if (death?.moment === 'compacting') dieSoon(death)
      return log.compact(room, position, snapshot, note)
    },
    prune: (before) => log.prune(before),
    dueTasks: (until, limit, after) => log.dueTasks(until, limit, after),
    countTasks: () => log.countTasks(),
    tasks: (room, after, limit) => log.tasks(room, after, limit),
    journal: (room, after, limit, match) => log.journal(room, after, limit, match),
    rooms: (after, limit) => log.rooms(after, limit),
    close: () => log.close(),
  }
}

const logger: Logger = {
  debug() {},
  info() {},
  warn: (...entry: unknown[]) => console.error('warn', ...entry),
  error: (...entry: unknown[]) => console.error('error', ...entry),
}
const endpoint = { url: options.webhooks ?? 'http://127.0.0.1:9', secret: webhookSecret, timeoutMs: 5_000 }
const server = createServer({
  rooms: [boardRoom, workRoom().webhooks({ crm: endpoint }), simulated],
  log: breakable(sqliteLog(options.folder)),
  logger,
  ...(options.closeDeadlineMs !== undefined && { closeDeadlineMs: options.closeDeadlineMs }),
})

process.on('message', (told: ServerOrder) => {
  if (told.order === 'fail') {
    failing = told.failing
    return
  }
  death = told
  appendsLeft = told.afterAppends
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(2))
process.once('SIGTERM', async () => {
  const unsaved = await server.close()
  for (const { room, entries } of unsaved) console.error(`not saved: ${room} (${entries} entries)`)
  process.exit(unsaved.length === 0 ? 0 : 1)
})
const port = await server.listen(options.port)
process.send!(port)
// For the next one: a process that is killed leaves no cache behind.
flushCompileCache()
