import { InterplayError } from '@interplay/shared'
import { Cron } from 'croner'
import type { CronRule, JobTask } from './task.ts'

/** A run that begins later than this was missed, in milliseconds. */
const maxLateMs = 60_000

/**
 * The first time of a rule after `after`, in milliseconds since 1970. Throws `invalid-input` on a pattern or time zone that is
 * none, and on one whose times are all over.
 */
export function nextRun({ pattern, timeZone }: CronRule, after: number): number {
  let next: Date | null
  try {
    next = new Cron(pattern, { timezone: timeZone }).nextRun(new Date(after))
  } catch (cause) {
    const message = `'${pattern}' in '${timeZone}' is no cron rule: ${(cause as Error).message}`
    throw new InterplayError('invalid-input', message, { cause })
  }
  if (!next) throw new InterplayError('invalid-input', `'${pattern}' has no time to come.`)
  return next.getTime()
}

/** Whether a recurring job that is due should be left out: its time passed while no server ran. */
export function isSkipped({ cron, plannedAt }: JobTask, now: number): boolean {
  return cron?.missed === 'skip' && now - plannedAt > maxLateMs
}
