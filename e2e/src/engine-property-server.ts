import { flushCompileCache } from 'node:module'
import { anonymous, createServer, type Logger, sqliteLog, type UpdateLog } from '@interplay/server'
import { engineRoom, mailboxRoom } from './engine-property-rooms.ts'

/** When a server ends itself by SIGKILL: before an append, while it is committed, or before it is answered. */
export interface EngineDeath {
  readonly moment: 'before' | 'during' | 'after'
  /** Appends that still go through. */
  readonly after: number
  /** Of `during`, in milliseconds. */
  readonly delayMs: number
}

/** What the process is told: on which port to listen, 0 for a free one; or when to die. */
export type EngineOrder = { readonly listen: number } | EngineDeath

/** A server in a process of its own. It loads its code at once, says so, and opens nothing before it is told to. */
const folder = process.argv[2]!
let death: EngineDeath | null = null
let left = 0
const die = () => process.kill(process.pid, 'SIGKILL')

function mortal(log: UpdateLog): UpdateLog {
  const append: UpdateLog['append'] = async (room, entries, after) => {
    const due = death && left-- <= 0 ? death : null
    if (due?.moment === 'before') die()
    // How far the thread of the log comes in this time is chance.
    if (due?.moment === 'during') setTimeout(die, due.delayMs)
    const appended = await log.append(room, entries, after)
    if (due?.moment === 'after') die()
    return appended
  }
  return new Proxy(log, {
    get: (_, name: keyof UpdateLog) => (name === 'append' ? append : log[name].bind(log)),
  })
}

async function listen(port: number): Promise<number> {
  const say = (...said: unknown[]) => console.error(...said)
  const logger: Logger = { debug() {}, info() {}, warn: say, error: say }
  const server = createServer({
    rooms: [engineRoom, mailboxRoom],
    auth: anonymous(),
    log: mortal(sqliteLog(folder)),
    logger,
    unloadAfterMs: 30,
  })
  return server.listen(port)
}

process.on('message', async (order: EngineOrder) => {
  if ('listen' in order) return process.send!(await listen(order.listen))
  death = order
  left = order.after
})
// Whoever started it is gone.
process.on('disconnect', () => process.exit(2))
process.send!('ready')
// For the next one: a process that is killed leaves no cache behind.
flushCompileCache()
