import type { StoredTask } from '../log/log.ts'

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

/** An event for another room, dispatched there with an id that makes it run once. */
export interface EventTask extends Attempts {
  readonly kind: 'event'
  readonly room: string
  readonly event: string
  readonly input: unknown
  readonly eventId: string
  readonly userId: string
}

/** One webhook, in the order of its endpoint. It has no time of its own: its queue has. */
export interface DeliveryTask extends Attempts {
  readonly kind: 'delivery'
  readonly endpoint: string
  readonly type: string
  readonly data: unknown
  readonly deliveryId: string
  readonly at: number
}

/** The turn of an endpoint: the first delivery of the room for it is sent. */
export interface QueueTask extends Attempts {
  readonly kind: 'queue'
  readonly endpoint: string
}

export type Task = JobTask | EventTask | DeliveryTask | QueueTask

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
  const whole = Math.min(first * 2 ** Math.min(failures - 1, 30), maxBackoffMs)
  return Math.round(whole / 2 + (whole / 2) * random())
}

export const jobPrefix = 'job/'
export const eventPrefix = 'event/'
export const deliveryPrefix = (endpoint: string) => `delivery/${endpoint}/`
export const queueId = (endpoint: string) => `queue/${endpoint}`

/** Ids sort as their numbers do. */
export function ordered(position: number, index: number): string {
  return `${String(position).padStart(12, '0')}-${String(index).padStart(4, '0')}`
}
