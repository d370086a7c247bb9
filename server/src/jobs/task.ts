import type { StoredTask } from '../log/log.ts'
import { doubled } from './backoff.ts'

/** How often failed work is tried, and how long it waits in between: doubling, with jitter, up to an hour. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number
  /** Before the second attempt, in milliseconds. */
  readonly backoffMs: number
}

/** Whether a recurring job runs for the times that passed while no server ran: once for them all, or not. */
export type MissedPolicy = 'once' | 'skip'

export interface CronRule {
  /** Five fields, or six with seconds: `0 9 * * 1-5`. */
  readonly pattern: string
  /** IANA name: `Europe/Berlin`. */
  readonly timeZone: string
  readonly missed: MissedPolicy
}

interface Attempts {
  /** Attempts that have failed. */
  readonly failures: number
  /** Why the last one did. */
  readonly error?: string
  /** No further attempt is made, unless a person asks for one. */
  readonly dead?: true
}

export interface JobTask extends Attempts {
  readonly kind: 'job'
  readonly name: string
  readonly input: unknown
  readonly retry: RetryPolicy
  readonly cron?: CronRule
  /** When it was meant to run: retries move the task's time, not this. */
  readonly plannedAt: number
}

/** What leaves a room in order, behind what left before it for the same target. Its queue has the time of its first. */
interface Queued extends Attempts {
  /** When it was sent off, in milliseconds since 1970. */
  readonly at: number
  /** It failed: when it is tried again. What is queued behind it meanwhile does not hurry it. */
  readonly notBefore?: number
}

/** An event for another room, dispatched there with an id that makes it run once. */
export interface EventTask extends Queued {
  readonly kind: 'event'
  readonly room: string
  readonly event: string
  readonly input: unknown
  readonly eventId: string
  readonly userId: string
}

/** One webhook for an endpoint. */
export interface DeliveryTask extends Queued {
  readonly kind: 'delivery'
  readonly endpoint: string
  readonly type: string
  readonly data: unknown
  readonly deliveryId: string
}

/** The turn of a queue: the first that waits for its target is sent. */
export interface QueueTask extends Attempts {
  readonly kind: 'queue'
  readonly target: string
}

export type QueuedTask = EventTask | DeliveryTask
export type Task = JobTask | QueuedTask | QueueTask

export const defaultRetry: RetryPolicy = { attempts: 5, backoffMs: 1_000 }
const maxBackoffMs = 60 * 60 * 1000

export function writeTask(id: string, due: number | null, task: Task): StoredTask {
  return { id, due, content: JSON.stringify(task) }
}

export function readTask(stored: Pick<StoredTask, 'content'>): Task {
  return JSON.parse(stored.content) as Task
}

/** Milliseconds before the next attempt, after so many failures: half of it is certain, half is chance. */
export function backoffMs(failures: number, { backoffMs: first }: RetryPolicy, random = Math.random): number {
  const whole = doubled(failures, { firstMs: first, maxMs: maxBackoffMs })
  return Math.round(whole / 2 + (whole / 2) * random())
}

/** A task without what its failures left in it: it has all its attempts again. */
export function revived<T extends Task>(task: T): T {
  return { ...task, failures: 0, error: undefined, dead: undefined, notBefore: undefined }
}

const jobPrefix = 'job/'
const queuePrefix = 'queue/'

/** The task of a job: ids are those that `schedule` returned. */
export const jobTaskId = (id: string): string => jobPrefix + id
export const jobIdOf = (taskId: string): string => taskId.slice(jobPrefix.length)
export const isJobTask = (taskId: string): boolean => taskId.startsWith(jobPrefix)

/** Where queued tasks go. A `#` ends it: no name of a room or an endpoint has one. */
export const targetOf = (task: QueuedTask): string =>
  task.kind === 'event' ? eventTarget(task.room) : deliveryTarget(task.endpoint)
export const eventTarget = (room: string): string => `event/${room}`
export const deliveryTarget = (endpoint: string): string => `delivery/${endpoint}`
export const queuedPrefix = (target: string): string => `${target}#`
export const queueTaskId = (target: string): string => queuePrefix + target
export const isQueueTask = (taskId: string): boolean => taskId.startsWith(queuePrefix)

/** The id of a queued task: ids of a target sort as they were queued, by position of the entry and place in it. */
export function queuedTaskId(target: string, position: number, index: number): string {
  const place = `${String(position).padStart(12, '0')}-${String(index).padStart(6, '0')}`
  return queuedPrefix(target) + place
}

const lastCodePoint = 0x10ffff

/** An id with nothing between it and this one, in the order of UTF-8 bytes: where a page begins that has this one first. */
export function justBefore(id: string): string {
  const last = [...id].at(-1)!
  const rest = id.slice(0, -last.length)
  const code = last.codePointAt(0)!
  if (code === 0) return rest
  // Surrogates are no code points of their own.
  const before = code === 0xe000 ? 0xd7ff : code - 1
  return rest + String.fromCodePoint(before, lastCodePoint)
}
