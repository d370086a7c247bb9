import { InterplayError } from '@interplay/shared'
import { type Context, Hono } from 'hono'
import type { JournalRow, UpdateLog } from '../log/log.ts'
import type { Registry } from '../room/registry.ts'
import type { RoomCode } from '../room/room.ts'
import { listedTask, listTasks } from '../room/task-listing.ts'
import { type Authenticate, admit } from '../session/admit.ts'

export interface OperationsOptions {
  readonly registry: Registry
  readonly authenticate: Authenticate
  readonly log: UpdateLog
}

const defaultLimit = 100
const maxLimit = 1_000
const states = ['waiting', 'running', 'dead']

/**
 * What operators see and do, below `/api/rooms/:room`: the tasks of a room, and its journal. For actors with `canOperate`.
 * Reading opens no room, so that looking on changes nothing.
 */
export function operationsApi({ registry, authenticate, log }: OperationsOptions): Hono {
  const app = new Hono()

  /** Throws `forbidden` for who may not operate this room. */
  const enter = async (context: Context, code: RoomCode | null): Promise<string> => {
    const name = context.req.param('room')!
    const request = context.req.raw
    const token = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
    const { canOperate } = await admit(authenticate, token, name, code, request)
    if (canOperate === true) return name
    throw new InterplayError(
      'forbidden',
      `This is for operators: your actor in '${name}' has no 'canOperate'.`,
    )
  }
  const reading = (context: Context) => enter(context, codeOf(context.req.param('room')!))

  /** A room whose definition is gone still has its tasks: whose token says that they may operate sees them. */
  const codeOf = (name: string): RoomCode | null => {
    try {
      return registry.codeOf(name)
    } catch {
      return null
    }
  }

  app.get('/jobs', async (context) => {
    const name = await reading(context)
    const state = context.req.query('state')
    if (state !== undefined && !states.includes(state)) throw invalid('state', `one of ${states.join(', ')}`)
    const after = context.req.query('after') ?? ''
    const limit = limitOf(context)
    const statuses = registry.get(name)?.jobs.statuses
    const list = (stored: Parameters<typeof listedTask>[0]) => {
      const task = listedTask(stored, statuses)
      return task && (state === undefined || task.state === state) ? task : null
    }
    const { tasks, next } = await readable(() => listTasks(log, name, after, limit, list))
    return Response.json({ jobs: tasks, ...(next !== undefined && { next }) })
  })

  app.get('/journal', async (context) => {
    const name = await reading(context)
    const after = Number(context.req.query('after') ?? 0)
    if (!Number.isSafeInteger(after) || after < 0) throw invalid('after', 'a position')
    const limit = limitOf(context)
    const [event, outcome] = [context.req.query('event'), context.req.query('outcome')]
    const match = { ...(event !== undefined && { event }), ...(outcome !== undefined && { outcome }) }
    const rows = await readable(() => log.journal(name, after, limit, match))
    const next = rows.length === limit ? { next: rows.at(-1)!.position } : {}
    return Response.json({ records: rows.map(recordOf), ...next })
  })

  const changing =
    (change: 'retry' | 'drop') =>
    async (context: Context): Promise<Response> => {
      const name = await enter(context, registry.codeOf(context.req.param('room')!))
      await registry.use(name, (room) => room.jobs.desk[change](context.req.param('id')!))
      return new Response(null, { status: 204 })
    }
  app.post('/jobs/:id/retry', changing('retry'))
  app.delete('/jobs/:id', changing('drop'))
  return app
}

function limitOf(context: Context): number {
  const limit = Number(context.req.query('limit') ?? defaultLimit)
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit
  throw invalid('limit', `a number from 1 to ${maxLimit}`)
}

function recordOf({ position, at, event, outcome, content }: JournalRow): object {
  return { position, at, event, outcome, ...JSON.parse(content) }
}

function invalid(parameter: string, expected: string): InterplayError {
  const message = `'${parameter}' must be ${expected}.`
  return new InterplayError('invalid-input', message, { issues: [{ path: [parameter], message }] })
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new InterplayError('unavailable', 'The log cannot be read right now. Try again later.', { cause })
  }
}
