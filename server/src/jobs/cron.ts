import { InterplayError } from '@interplay/shared'
import { Cron } from 'croner'
import type { CronRule, JobTask } from './task.ts'

/** A run that begins later than this was missed, in milliseconds. */
const maxLateMs = 60_000

/**
 * The first time of a rule after `after`, in milliseconds since 1970; `null` when all its times are over. Throws
 * `invalid-input` on a pattern or time zone that is none.
 *
 * Where clocks are set forward, a time that is left out is made up for right behind the gap; where they are set back, a time
 * of day that comes twice counts once, and every hour is an hour.
 */
export function nextRun({ pattern, timeZone }: CronRule, after: number): number | null {
  try {
    return new Cron(pattern, { timezone: timeZone }).nextRun(new Date(after))?.getTime() ?? null
  } catch (cause) {
    const message = `'${pattern}' in '${timeZone}' is no cron rule: ${(cause as Error).message}`
    throw new InterplayError('invalid-input', message, { cause })
  }
}

/** Whether a recurring job that is due should be left out: its time passed while no server ran. */
export function isSkipped({ cron, plannedAt, failures }: JobTask, now: number): boolean {
  return cron?.missed === 'skip' && failures === 0 && now - plannedAt > maxLateMs
}
