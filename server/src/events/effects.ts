import {
  type AnyRoom,
  InterplayError,
  roomName,
  type Schemas,
  validate,
  validateSync,
} from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'
import { nextRun } from '../jobs/cron.ts'
import {
  type CronRule,
  defaultRetry,
  jobTaskId,
  type MissedPolicy,
  type RetryPolicy,
  type Task,
} from '../jobs/task.ts'

/** Whom a signal is for: everybody in the room, unless users or sessions are named. */
export interface SignalTarget {
  readonly users?: readonly string[]
  readonly sessions?: readonly string[]
}

export interface SentSignal {
  readonly name: string
  readonly payload: unknown
  readonly to: SignalTarget | null
}

/** When a job runs: after a time, at a time (milliseconds since 1970, or a date), or again and again by a cron pattern. */
export type ScheduleTime =
  | { readonly afterMs: number }
  | { readonly at: number | Date }
  | {
      /** Five fields, or six with seconds: `0 9 * * 1-5`. */
      readonly cron: string
      /** @default 'UTC' */
      readonly timeZone?: string
      /** Times that passed while no server ran: one run for them all, or none. @default 'once' */
      readonly missed?: MissedPolicy
    }

export type ScheduleOptions = ScheduleTime & {
  /** Its name in the room: scheduling it again replaces it, and `cancel` knows it. @default a fresh id */
  readonly key?: string
  /** @default { attempts: 5, backoffMs: 1_000 } */
  readonly retry?: Partial<RetryPolicy>
}

/** A task that the log will hold, before its entry has a position. */
export type TaskEffect =
  | { readonly do: 'put'; readonly id: string; readonly due: number; readonly task: Task }
  | { readonly do: 'drop'; readonly id: string }
  | { readonly do: 'deliver'; readonly endpoint: string; readonly type: string; readonly data: unknown }
  | { readonly do: 'send'; readonly room: string; readonly event: string; readonly input: unknown }

const maxKeyLength = 128

/** What code does beside changing state: it takes effect with the append, all of it or nothing. */
export class Effects {
  readonly signals: SentSignal[] = []
  readonly tasks: TaskEffect[] = []
  readonly #definition: AnyRoom
  readonly #endpoints: ReadonlyMap<string, unknown>
  readonly #now: number
  readonly #open: () => boolean

  /** `open` says whether the code may still do anything. */
  constructor(
    definition: AnyRoom,
    endpoints: ReadonlyMap<string, unknown>,
    now: number,
    open: () => boolean,
  ) {
    this.#definition = definition
    this.#endpoints = endpoints
    this.#now = now
    this.#open = open
  }

  signal(name: string, payload: unknown, to: SignalTarget | null = null): void {
    this.#assertOpen()
    const checked = this.#check('signals', name, payload)
    this.signals.push({ name, payload: json(checked, `the signal '${name}'`), to })
  }

  /** Returns the job's id. */
  schedule(name: string, input: unknown, options: ScheduleOptions): string {
    this.#assertOpen()
    const checked = json(this.#check('jobs', name, input), `the input of the job '${name}'`)
    const key = options.key ?? newEventId()
    if (!isKey(key))
      throw new InterplayError(
        'invalid-input',
        `The key of a job has 1 to ${maxKeyLength} characters of well-formed Unicode.`,
      )
    const [due, cron] = this.#time(options)
    const retry = { ...defaultRetry, ...options.retry }
    if (!Number.isSafeInteger(retry.attempts) || retry.attempts < 1 || !isTime(retry.backoffMs))
      throw new InterplayError(
        'invalid-input',
        'A retry has a number of attempts, at least 1, and a backoff of 0 ms or more.',
      )
    this.tasks.push({
      do: 'put',
      id: jobTaskId(key),
      due,
      task: { kind: 'job', name, input: checked, retry, failures: 0, plannedAt: due, ...(cron && { cron }) },
    })
    return key
  }

  cancel(key: string): void {
    this.#assertOpen()
    // No job has such a key, and the log could not hold it.
    if (isKey(key)) this.tasks.push({ do: 'drop', id: jobTaskId(key) })
  }

  /** An event for another room, or this one. It runs there once. */
  send(definition: AnyRoom, params: object, event: string, input: unknown): void {
    this.#assertOpen()
    const room = roomName(definition, params as never)
    const contract = Object.hasOwn(definition.events, event) ? definition.events[event] : undefined
    if (!contract)
      throw new InterplayError('unknown-event', `No event '${event}' in '${definition.pattern}'.`)
    const checked = validate(contract.input, input)
    // An asynchronous schema speaks when the event arrives there.
    if (checked instanceof Promise) checked.catch(() => {})
    this.tasks.push({ do: 'send', room, event, input: json(input, `the input of '${event}'`) })
  }

  webhook(endpoint: string, type: string, data: unknown): void {
    this.#assertOpen()
    if (!this.#endpoints.has(endpoint)) {
      const known = [...this.#endpoints.keys()].join(', ') || 'none'
      throw new InterplayError('not-found', `No webhook endpoint '${endpoint}'. There are: ${known}.`)
    }
    this.tasks.push({ do: 'deliver', endpoint, type, data: json(data, `the webhook '${type}'`) })
  }

  #time(options: ScheduleTime): [due: number, cron?: CronRule] {
    if ('cron' in options) {
      const cron = {
        pattern: options.cron,
        timeZone: options.timeZone ?? 'UTC',
        missed: options.missed ?? 'once',
      }
      const due = nextRun(cron, this.#now)
      if (due === null)
        throw new InterplayError('invalid-input', `'${cron.pattern}' has no time that is still to come.`)
      return [due, cron]
    }
    const due = 'at' in options ? Number(options.at) : this.#now + options.afterMs
    if (!Number.isFinite(due) || ('afterMs' in options && !isTime(options.afterMs)))
      throw new InterplayError('invalid-input', 'A job runs after a number of milliseconds, or at a time.')
    return [Math.round(due)]
  }

  #check(part: 'signals' | 'jobs', name: string, value: unknown): unknown {
    const schemas: Schemas = this.#definition[part]
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined
    if (!schema) {
      const names = Object.keys(schemas).join(', ') || 'none'
      const kind = part === 'jobs' ? 'job' : 'signal'
      throw new InterplayError(
        'not-found',
        `No ${kind} '${name}' in '${this.#definition.pattern}'. It has: ${names}.`,
      )
    }
    return validateSync(schema, value)
  }

  #assertOpen(): void {
    if (!this.#open()) throw new Error('This handler has ended: nothing of it takes effect any more.')
  }
}

const isKey = (key: string): boolean => key.length > 0 && key.length <= maxKeyLength && key.isWellFormed()
const isTime = (ms: number): boolean => Number.isFinite(ms) && ms >= 0

/** A copy as JSON carries it, made now: what the code does to the value later changes nothing. */
function json(value: unknown, what: string): unknown {
  try {
    const text = JSON.stringify(value)
    return text === undefined ? undefined : JSON.parse(text)
  } catch (cause) {
    throw new InterplayError('invalid-input', `JSON cannot hold ${what}.`, { cause })
  }
}
