import { jobIdOf, readTask } from '../jobs/task.ts'
import type { StoredTask, UpdateLog } from '../log/log.ts'
import type { JobStatuses } from './job-statuses.ts'
import { kept } from './journal.ts'

/** Tasks that one look into the log may read. */
const maxPage = 200

/** A task of a room, as an operator sees it. */
export type ListedTask = JobListing | EventListing | WebhookListing

interface Listing {
  /** Names it in requests. */
  readonly id: string
  /** `waiting` for its time, for its next attempt or behind others; `dead` ones wait for an operator. */
  readonly state: 'waiting' | 'running' | 'dead'
  /** When it is due, in milliseconds since 1970; `null` for one that waits behind others or for an operator. */
  readonly due: number | null
  /** Attempts that failed. */
  readonly failures: number
  /** Why the last one did. */
  readonly error?: string
}

export interface JobListing extends Listing {
  readonly kind: 'job'
  /** What `schedule` returned. */
  readonly jobId: string
  readonly name: string
  readonly input: unknown
  /** When it was meant to run. */
  readonly plannedAt: number
  readonly cron?: string
  readonly timeZone?: string
  readonly progress?: unknown
}

export interface EventListing extends Listing {
  readonly kind: 'event'
  /** The room it is for. */
  readonly to: string
  readonly name: string
  readonly input: unknown
  /** When it was sent. */
  readonly at: number
  readonly eventId: string
  readonly userId: string
}

export interface WebhookListing extends Listing {
  readonly kind: 'webhook'
  /** The endpoint it is for. */
  readonly to: string
  /** Its type. */
  readonly name: string
  readonly input: unknown
  readonly at: number
  readonly deliveryId: string
}

/** What is listed of the tasks of a room behind `after`, and where the next page begins; without it, this was the last one. */
export async function listTasks(
  log: UpdateLog,
  room: string,
  after: string,
  limit: number,
  list: (stored: StoredTask) => ListedTask | null,
): Promise<{ readonly tasks: readonly ListedTask[]; readonly next?: string }> {
  const tasks: ListedTask[] = []
  for (let from = after; ; ) {
    const page = await log.tasks(room, from, maxPage)
    for (const stored of page) {
      from = stored.id
      const listed = list(stored)
      if (listed) tasks.push(listed)
      if (tasks.length === limit) return { tasks, next: from }
    }
    if (page.length < maxPage) return { tasks }
  }
}

/** `null` for one that is no work of its own. `statuses` are those of the jobs, where the room is open. */
export function listedTask(stored: StoredTask, statuses?: JobStatuses): ListedTask | null {
  const task = readTask(stored)
  const { id } = stored
  const { failures, error, dead } = task
  const status = task.kind === 'job' ? statuses?.get(jobIdOf(id)) : undefined
  const state = dead ? 'dead' : status?.at === 'running' ? 'running' : 'waiting'
  const due = stored.due === Number.POSITIVE_INFINITY ? null : stored.due
  const listing = { id, state, due, failures, ...(error !== undefined && { error }) } as const
  switch (task.kind) {
    case 'job': {
      const { name, plannedAt, cron } = task
      const rule = cron && { cron: cron.pattern, timeZone: cron.timeZone }
      const progress = status?.progress === undefined ? {} : { progress: status.progress }
      const input = kept(task.input)
      return { ...listing, kind: 'job', jobId: jobIdOf(id), name, input, plannedAt, ...rule, ...progress }
    }
    case 'event': {
      const { room: to, event: name, at, eventId, userId } = task
      const input = kept(task.input)
      return { ...listing, due: task.notBefore ?? due, kind: 'event', to, name, input, at, eventId, userId }
    }
    case 'delivery': {
      const { endpoint: to, type: name, at, deliveryId } = task
      const input = kept(task.data)
      return { ...listing, due: task.notBefore ?? due, kind: 'webhook', to, name, input, at, deliveryId }
    }
    case 'queue':
      return null
  }
}
