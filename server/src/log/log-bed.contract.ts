import {
  AppendRefused,
  type CorruptRow,
  type JournalRecord,
  type LogEntry,
  type StoredReply,
  type StoredTask,
  type UpdateLog,
} from './log.ts'

/** A storage of its own for one test, and what may be done to it from outside. */
export interface LogBed {
  /** Opens the storage; the log opened before has been closed or crashed. */
  open(): Promise<UpdateLog>
  /** Ends the log the way a crash does: nothing is committed or released on its behalf. */
  crash?(log: UpdateLog): Promise<void>
  /** Cuts the log from its storage for a moment, while calls are under way. */
  sever?(log: UpdateLog): Promise<void>
  /** Changes bytes of one stored row. The log is closed. */
  damage?(room: string, part: CorruptRow['part'] | 'reply', at: number | string): Promise<void>
  /** Closes what is open, removes the storage. */
  remove(): Promise<void>
}

export type LogFeature = 'reopen' | 'crash' | 'sever' | 'damage'

type Body = (log: UpdateLog, bed: LogBed) => Promise<void>

/** Adds one rule of the contract, as a test with a fresh storage. */
export interface Rule {
  (title: string, body: Body): void
  /** A rule about something that not every driver has. */
  with(feature: LogFeature, title: string, body: Body): void
  has(feature: LogFeature): boolean
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (update: Uint8Array): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(update)
export const edit = (content: string): LogEntry & { update: Uint8Array } => ({ update: bytes(content) })

export function reply(eventId: string, at = 1, outcome?: StoredReply['outcome']): StoredReply {
  return { eventId, at, outcome: outcome ?? { ok: true, output: { for: eventId } } }
}

export const task = (id: string, due: number | null, content = `"${id}"`): StoredTask => ({
  id,
  due,
  content,
})

export const record = (event: string, at = 1): JournalRecord => ({
  at,
  event,
  outcome: 'ok',
  content: JSON.stringify({ by: 'ada', at }),
})

/** The content of a room: `snapshot|`, then the updates. */
export async function texts(log: UpdateLog, room: string): Promise<string[]> {
  const { snapshot, updates } = await log.load(room)
  return [...(snapshot ? [`${text(snapshot)}|`] : []), ...updates.map(({ update }) => text(update))]
}

export async function reopen(log: UpdateLog, bed: LogBed): Promise<UpdateLog> {
  await log.close()
  return bed.open()
}

export const isDuplicate = (error: unknown) =>
  error instanceof AppendRefused && error.reason === 'duplicate-event'

export const isMisplaced = (error: unknown) => error instanceof AppendRefused && error.reason === 'misplaced'
