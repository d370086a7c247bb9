import type { Outcome } from '@interplay/shared/protocol'
import type { EventRequest } from '../events/dispatch.ts'
import type { JournalRecord } from '../log/log.ts'
import type { JobRecord } from './job-room.ts'

/** Refusals that tell of load and not of anybody's doing: a journal of them would be load of its own. */
const passing: ReadonlySet<string> = new Set(['rate-limited', 'overloaded', 'unavailable', 'cancelled'])

/** Whether an outcome tells of load or of an outage: the same event may run again, and its id is not taken. */
export function isPassing(outcome: Outcome): boolean {
  return !outcome.ok && passing.has(outcome.error.code)
}

/** What a journal keeps of an input at most, in characters of JSON: a large input must not be stored twice. */
const maxInputLength = 4_096

/** The record of an event; `undefined` for one that was only turned away. */
export function eventRecord(
  { id, event, input, actor, sessionId }: EventRequest,
  outcome: Outcome,
  at: number,
  durationMs: number,
  redact: readonly string[],
): JournalRecord | undefined {
  const code = outcome.ok ? 'ok' : outcome.error.code
  if (isPassing(outcome)) return undefined
  return record(
    'event',
    event,
    code,
    at,
    {
      id,
      userId: actor.userId,
      ...(sessionId !== null && { sessionId }),
      durationMs: round(durationMs),
      ...(!outcome.ok && { error: outcome.error.message }),
    },
    keptText(input, redact),
  )
}

/** The record of a reaction: `changed:notes`, `joined`. */
export function reactionRecord(
  name: string,
  outcome: Outcome,
  at: number,
  durationMs: number,
): JournalRecord {
  return record('reaction', name, outcome.ok ? 'ok' : outcome.error.code, at, {
    durationMs: round(durationMs),
    ...(!outcome.ok && { error: outcome.error.message }),
  })
}

/** The record of one attempt of a job. */
export function jobRecord(
  { id, name, input, attempt, durationMs, error }: JobRecord,
  at: number,
): JournalRecord {
  return record(
    'job',
    name,
    error === undefined ? 'ok' : 'failed',
    at,
    {
      id,
      attempt,
      durationMs: round(durationMs),
      ...(error !== undefined && { error }),
    },
    keptText(input),
  )
}

/** `input` is JSON already: it is written once, not read and written again. */
function record(
  kind: string,
  event: string,
  outcome: string,
  at: number,
  rest: object,
  input?: string,
): JournalRecord {
  const head = JSON.stringify({ kind, ...rest })
  const content = input === undefined ? head : `${head.slice(0, -1)},"input":${input}}`
  return { at, event, outcome, content }
}

const round = (ms: number) => Math.round(ms * 100) / 100

/** An input without its redacted fields, at any depth; only its beginning if it is long. */
export function kept(input: unknown, redact: readonly string[] = []): unknown {
  const text = keptText(input, redact)
  return text === undefined ? undefined : JSON.parse(text)
}

/** The same, as JSON. */
function keptText(input: unknown, redact: readonly string[] = []): string | undefined {
  const replacer =
    redact.length === 0
      ? undefined
      : (key: string, value: unknown) => (redact.includes(key) ? '[redacted]' : value)
  const text = JSON.stringify(input, replacer) as string | undefined
  if (text === undefined || text.length <= maxInputLength) return text
  return JSON.stringify(`${text.slice(0, maxInputLength)}…`)
}
