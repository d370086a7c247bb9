import { ByteWriter, KeyTable, Replica, writeFull, writeValue } from '@interplay/shared/live'
import type { StoredTask, TaskChange, UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'

/** Where a simulation is, and what its live values are. */
export interface LiveSnapshot {
  readonly seed: number
  /** The step that was run last. */
  readonly step: number
  readonly values: readonly (readonly [name: string, value: unknown])[]
}

/** Rows of the log that hold live values: tasks that are never due, so that each replaces the one before it. */
export const livePrefix = 'live/'

/** No name of a value begins like this. */
const stepId = `${livePrefix}#step`

const pageSize = 100

/** What stores a snapshot, all of it or nothing, with the entry it is part of. */
export function writeLiveSnapshot({ seed, step, values }: LiveSnapshot): TaskChange[] {
  const put = (id: string, content: object): TaskChange => ({
    put: { id, due: null, content: JSON.stringify({ kind: 'live', ...content }) },
  })
  return [
    put(stepId, { seed, step }),
    ...values.map(([name, value]) => put(livePrefix + name, { value: encode(value) })),
  ]
}

/** The snapshot of a room; `null` where there is none. What of it cannot be read begins anew. */
export async function readLiveSnapshot(
  log: UpdateLog,
  room: string,
  logger: Logger,
): Promise<LiveSnapshot | null> {
  const values: [string, unknown][] = []
  let place: { seed: number; step: number } | null = null
  for (const { id, content } of await readRows(log, room)) {
    try {
      const row = JSON.parse(content) as { value: string; seed: number; step: number }
      if (id === stepId) place = { seed: row.seed, step: row.step }
      else values.push([id.slice(livePrefix.length), decode(row.value)])
    } catch (error) {
      logger.error(
        { room, row: id, error: String(error) },
        'a stored live value cannot be read: it begins anew',
      )
    }
  }
  return place && { ...place, values }
}

async function readRows(log: UpdateLog, room: string): Promise<StoredTask[]> {
  const rows: StoredTask[] = []
  for (let after = livePrefix; ; after = rows.at(-1)!.id) {
    const page = await log.tasks(room, after, pageSize)
    for (const row of page) {
      if (!row.id.startsWith(livePrefix)) return rows
      rows.push(row)
    }
    if (page.length < pageSize) return rows
  }
}

function encode(value: unknown): string {
  const keys = new KeyTable()
  const writer = new ByteWriter(1_024)
  writeValue(writer, keys, value)
  const message = { entities: false, version: 1, at: 0, keys: keys.from(0), payload: writer.slice() }
  return Buffer.from(writeFull(message)).toString('base64')
}

function decode(text: string): unknown {
  const replica = new Replica()
  replica.take(new Uint8Array(Buffer.from(text, 'base64')))
  return replica.value
}
