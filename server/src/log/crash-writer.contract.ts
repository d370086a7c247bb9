import { once } from 'node:events'
import { writeSync } from 'node:fs'
import type { LogEntry } from './log.ts'
import { sqliteLog } from './sqlite.ts'

/**
 * A process that is meant to be killed: `node crash-writer.contract.ts <folder> <seed> <padding>`. It counts in eight
 * rooms at once, compacts now and then, and says on stdout, one line each:
 * `stored <room> <number>` once everything up to that number was durable, `compacting <room>` before it compacts, and
 * `failed <room>` when an append was rejected; it waits for anything on stdin before it retries the same entries.
 */
const [folder = '', seed = '0', padding = '0'] = process.argv.slice(2)
const log = sqliteLog(folder)
const mayRetry = once(process.stdin, 'data')

await Promise.all(Array.from({ length: 8 }, (_, index) => count(`room/${index}`, Number(seed) + index)))

async function count(room: string, seed: number): Promise<void> {
  const random = randomFrom(seed)
  const { snapshot, updates, position } = await log.load(room)
  const edits = updates.map(({ update }) => update)
  let content = Buffer.concat(snapshot ? [snapshot, ...edits] : edits).toString()
  let number = position
  for (;;) {
    const entries: LogEntry[] = []
    for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
      const update = `${++number};${' '.repeat(Number(padding))}`
      content += update
      const reply = {
        eventId: `${room}#${number}`,
        at: number,
        outcome: { ok: true as const, output: number },
      }
      entries.push({
        update: Buffer.from(update),
        by: `user ${number % 3}`,
        reply,
        tasks: [{ drop: `${number - 1}` }, { put: { id: `${number}`, due: number, content: '{}' } }],
        reacted: { count: number },
        journal: { at: number, event: 'count', outcome: 'ok', content: `${number}` },
      })
    }
    await store(room, entries)
    say(`stored ${room} ${number}`)
    if (random() > 0.1) continue
    say(`compacting ${room}`)
    const compacted = log.compact(room, number, Buffer.from(content)).catch(() => {})
    if (random() < 0.5) await compacted
  }
}

async function store(room: string, entries: LogEntry[]): Promise<void> {
  for (;;) {
    try {
      await log.append(room, entries)
      return
    } catch {
      say(`failed ${room}`)
      await mayRetry
    }
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
