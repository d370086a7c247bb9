import { afterEach, expect, test } from 'vitest'
import type { DueTask, TaskChange, UpdateLog } from '../log/log.ts'
import { memoryLog } from '../log/memory.ts'
import { DueLine, type DueLineOptions } from './due-line.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const lines: DueLine[] = []
afterEach(() => {
  for (const line of lines.splice(0)) void line.stop()
})

/** A line over a memory log, whose changes it hears of, and what it asked of the log. */
function start(options: Partial<DueLineOptions> = {}) {
  const log = memoryLog()
  let rowsRead = 0
  const counting: UpdateLog = Object.create(log, {
    dueTasks: {
      value: async (...args: Parameters<UpdateLog['dueTasks']>) => {
        const page = await log.dueTasks(...args)
        rowsRead += page.length
        return page
      },
    },
  })
  const change = async (room: string, ...tasks: TaskChange[]) => {
    await log.append(room, [{ tasks }])
    line.heard(room, tasks)
  }
  const line = new DueLine({
    log: counting,
    logger: quiet,
    clock: Date.now,
    limit: 8,
    takes: () => true,
    lane: ({ room, id }) => ({ key: `${room}/${id}`, limit: 1 }),
    run: async () => {},
    ...options,
  })
  lines.push(line)
  line.start()
  return { line, log, change, rowsRead: () => rowsRead }
}

const put = (id: string, due = Date.now()): TaskChange => ({ put: { id, due, content: '' } })

async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test('[E7] a full lane holds up no other, however many wait in it, and costs what it runs', async () => {
  const ran: string[] = []
  const gate = Promise.withResolvers<void>()
  const { line, log, change, rowsRead } = start({
    lane: ({ room }) => ({ key: room, limit: 2 }),
    run: async (task: DueTask) => {
      if (ran.push(`${task.room}/${task.id}`) <= 2) await gate.promise
      await change(task.room, { drop: task.id })
    },
  })
  const many = Array.from({ length: 5_000 }, (_, n) => put(`t${String(n).padStart(4, '0')}`, 1 + (n % 7)))
  await change('busy', ...many)
  await until(() => ran.length === 2)
  await change('other', put('x'))
  await until(() => ran.length === 3)
  expect(ran[2]).toBe('other/x')
  const before = rowsRead()
  gate.resolve()
  await until(async () => (await log.countTasks()).timed === 0)
  expect(new Set(ran).size).toBe(5_001)
  expect(ran.length).toBe(5_001)
  expect(line.oldestDue).toBe(Number.POSITIVE_INFINITY)
  // A page for each that ends, at the most.
  expect((rowsRead() - before) / 5_000).toBeLessThanOrEqual(20)
})

test('[E7] when the line is full, the oldest is told, and it goes on in the order of time', async () => {
  const running: { readonly id: string; readonly end: () => void }[] = []
  const { line, change } = start({
    limit: 2,
    run: (task: DueTask) =>
      new Promise((resolve) =>
        running.push({ id: task.id, end: () => resolve(change(task.room, { drop: task.id })) }),
      ),
  })
  await change('r', put('c', 3), put('a', 1), put('d', 4), put('b', 2))
  await until(() => running.length === 2)
  await until(() => line.oldestDue === 3)
  running[1]!.end()
  await until(() => running.length === 3)
  running[0]!.end()
  await until(() => running.length === 4)
  expect(running.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
  expect(line.oldestDue).toBe(Number.POSITIVE_INFINITY)
})

test('[E7] a task that cannot be done rests and is tried again; replaced meanwhile, it is not tried as it was', async () => {
  const tried: string[] = []
  const { log, change } = start({
    run: async ({ room, id, content }: DueTask) => {
      tried.push(`${id}${content}`)
      if (tried.filter((each) => each === `${id}${content}`).length < 3 && content === '')
        throw new Error('no')
      await change(room, { drop: id })
    },
  })
  await change('r', put('a'), put('b'))
  await until(() => tried.length === 2)
  await change('r', { put: { id: 'b', due: 0, content: '!' } })
  await until(async () => (await log.countTasks()).timed === 0)
  expect(tried.sort()).toEqual(['a', 'a', 'a', 'b', 'b!'])
})

test('[E7] what is cancelled between the look and its start does not run', async () => {
  const opening = Promise.withResolvers<void>()
  const ran: string[] = []
  let isCurrentAtLast = true
  const { change } = start({
    run: async (task: DueTask, isCurrent) => {
      await opening.promise
      isCurrentAtLast = isCurrent()
      if (isCurrentAtLast) ran.push(task.id)
    },
  })
  await change('r', put('a'))
  await until(() => lines[0]!.running === 1)
  await change('r', { drop: 'a' })
  opening.resolve()
  await until(() => lines[0]!.running === 0)
  expect([ran, isCurrentAtLast]).toEqual([[], false])
})

test('[E7] tasks of rooms without code stay, are named once, do not spin, and run when there is code', async () => {
  let hasCode = false
  const named: unknown[] = []
  const ran: string[] = []
  const { line, change, rowsRead } = start({
    logger: { ...quiet, error: (entry: unknown) => void named.push(entry) },
    lane: ({ room, id }) => (room === 'gone' && !hasCode ? null : { key: `${room}/${id}`, limit: 1 }),
    run: async (task: DueTask) => {
      ran.push(`${task.room}/${task.id}`)
      await change(task.room, { drop: task.id })
    },
  })
  await change('gone', ...Array.from({ length: 100 }, (_, n) => put(`t${n}`, 1)))
  await change('here', put('a'))
  await until(() => ran.length === 1)
  const before = rowsRead()
  for (let n = 0; n < 20; n++) {
    await change('here', put(`b${n}`))
    await until(() => ran.length === 2 + n)
  }
  expect(named).toEqual([{ room: 'gone' }])
  expect([...line.unknown]).toEqual(['gone'])
  expect(rowsRead() - before).toBeLessThan(100)
  hasCode = true
  line.renew()
  await until(() => ran.length === 121)
  expect(line.unknown.size).toBe(0)
})

test('[E7] a log that cannot be read is asked again', async () => {
  const log = memoryLog()
  let asked = 0
  const failing: UpdateLog = Object.create(log, {
    dueTasks: {
      value: async (...args: Parameters<UpdateLog['dueTasks']>) => {
        asked += 1
        if (asked < 3) throw new Error('the disk is gone')
        return log.dueTasks(...args)
      },
    },
  })
  await log.append('r', [{ tasks: [put('a')] }])
  const ran: string[] = []
  const { line } = start({
    log: failing,
    run: async (task: DueTask) => {
      ran.push(task.id)
      await log.append(task.room, [{ tasks: [{ drop: task.id }] }])
      line.heard(task.room, [{ drop: task.id }])
    },
  })
  await until(() => ran.length === 1)
})

test.each([4711, 17, 90210, 1, 2, 3])(
  '[E7] random work is done once each, within all limits (seed %i)',
  async (seed) => {
    const random = seeded(seed)
    const pick = (count: number) => Math.floor(random() * count)
    const active = new Map<string, number>()
    /** What the log holds: by task, the version that runs when its time has come. */
    const owed = new Map<string, string>()
    const done: string[] = []
    let made = 0
    let now = 1_000
    const laneOf = ({ room, id }: Pick<DueTask, 'room' | 'id'>) => `${room}/${id.split('-')[0]}`
    const { line, log, change } = start({
      limit: 8,
      clock: () => now,
      lane: (task) => ({ key: laneOf(task), limit: 2 }),
      run: async (task, isCurrent) => {
        const lane = laneOf(task)
        active.set(lane, (active.get(lane) ?? 0) + 1)
        if (active.get(lane)! > 2 || line.running > 8) done.push(`too many in ${lane}`)
        if (task.due > now) done.push(`${task.id} before its time`)
        try {
          await new Promise((resolve) => setTimeout(resolve, pick(3)))
          const key = `${task.room}\n${task.id}`
          if (!isCurrent() || owed.get(key) !== task.content) return
          const chance = random()
          if (chance < 0.03) throw new Error('it cannot be done now')
          if (chance < 0.2) return await set(task.room, task.id, now + pick(20))
          done.push(task.content)
          owed.delete(key)
          await change(task.room, { drop: task.id })
        } finally {
          active.set(lane, active.get(lane)! - 1)
        }
      },
    })
    const set = (room: string, id: string, due: number) => {
      made += 1
      const content = `v${made}`
      owed.set(`${room}\n${id}`, content)
      return change(room, { put: { id, due, content } })
    }
    for (let step = 0; step < 400; step++) {
      const [room, id] = [`room${pick(4)}`, `${'abc'[pick(3)]}-${pick(20)}`]
      if (random() < 0.15) {
        owed.delete(`${room}\n${id}`)
        await change(room, { drop: id })
      } else await set(room, id, now + pick(60) - 20)
      now += pick(3)
      if (random() < 0.1) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until(async () => {
      now += 5
      return (await log.countTasks()).timed === 0 && line.running === 0
    })
    expect(owed.size).toBe(0)
    expect(new Set(done).size).toBe(done.length)
    expect(done.filter((each) => each.includes(' '))).toEqual([])
  },
)
