import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { UpdateLog } from './log.ts'
import { texts } from './log-bed.contract.ts'
import { sqliteBed } from './sqlite-bed.contract.ts'

const writerPath = fileURLToPath(new URL('./crash-writer.contract.ts', import.meta.url))
const nodeArguments = ['--conditions=interplay-source', writerPath]

/** What a writer said, room by room: the last number that it knew to be durable. */
type Stored = Map<string, number>

/** Reads what a writer says until `act` has killed it. */
async function follow(writer: ChildProcess, act: (line: string, stored: Stored) => void): Promise<Stored> {
  const stored: Stored = new Map()
  const ended = once(writer, 'close')
  for await (const line of createInterface({ input: writer.stdout! })) {
    const [verb, room, number] = line.split(' ')
    if (verb === 'stored') stored.set(room!, Number(number))
    act(line, stored)
  }
  await ended
  expect(writer.signalCode).toBe('SIGKILL')
  return stored
}

/**
 * Every room counts 1, 2, 3 … without a gap or a double, at least as far as its writer was told. Replies and journal follow;
 * one task, the last one, is left.
 */
async function checkRooms(log: UpdateLog, stored: Stored): Promise<void> {
  for (const room of await log.rooms('', 100)) {
    const numbers = (await texts(log, room))
      .join('')
      .split(/[;|\s]+/)
      .filter(Boolean)
      .map(Number)
    const { position, reacted, corrupt } = await log.load(room)
    expect(corrupt).toEqual([])
    if (position > 0) {
      expect(reacted).toEqual({ count: position })
      expect(await log.tasks(room, '', 10)).toEqual([{ id: `${position}`, due: position, content: '{}' }])
      const journal = await log.journal(room, 0, position + 1)
      expect(journal.map(({ content }) => Number(content))).toEqual(numbers)
    }
    expect(numbers).toEqual(Array.from({ length: position }, (_, index) => index + 1))
    expect(position).toBeGreaterThanOrEqual(stored.get(room) ?? 0)
    const ids = [...numbers, position + 1].map((number) => `${room}#${number}`)
    const outcomes = await log.replies(room, ids)
    expect(outcomes).toEqual([...numbers.map((output) => ({ ok: true, output })), null])
  }
}

for (const { title, seed, killAt } of [
  {
    title: '[S2] [L1] what was resolved is whole after kill -9, at any moment',
    seed: 4711,
    killAt: 'stored',
  },
  { title: '[L2] kill -9 during compaction loses nothing', seed: 1312, killAt: 'compacting' },
])
  test(title, { timeout: 120_000 }, async () => {
    const bed = sqliteBed()
    try {
      const random = randomFrom(seed)
      for (let round = 0; round < 5; round++) {
        const writer = spawn(
          process.execPath,
          [...nodeArguments, await bed.folder, `${seed + round * 100}`],
          {
            stdio: ['pipe', 'pipe', 'inherit'],
          },
        )
        let left = 1 + Math.floor(random() * (killAt === 'stored' ? 400 : 12))
        const stored = await follow(writer, (line) => {
          if (line.startsWith(killAt) && --left === 0) writer.kill('SIGKILL')
        })
        expect(stored.size).toBeGreaterThan(0)
        const log = await bed.open()
        await checkRooms(log, stored)
        await log.close()
      }
    } finally {
      await bed.remove()
    }
  })

const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0

test.skipIf(!canLimitFiles)(
  '[S3] a full disk fails appends whole; a retry goes through once there is room',
  { timeout: 120_000 },
  async () => {
    const bed = sqliteBed()
    try {
      const limited = ['--fsize=300000:unlimited', process.execPath, ...nodeArguments]
      const writer = spawn('prlimit', [...limited, await bed.folder, '7', '2000'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const failed = new Map<string, number>()
      const stored = await follow(writer, (line, stored) => {
        const [verb, room] = line.split(' ')
        if (verb === 'failed') {
          failed.set(room!, stored.get(room!) ?? 0)
          if (failed.size < 8) return
          spawnSync('prlimit', ['--pid', `${writer.pid}`, '--fsize=unlimited:unlimited'])
          writer.stdin!.write('go on\n')
        }
        if (failed.size === 8 && [...failed].every(([room, number]) => stored.get(room)! > number))
          writer.kill('SIGKILL')
      })
      const log = await bed.open()
      await checkRooms(log, stored)
    } finally {
      await bed.remove()
    }
  },
)

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
