import { expect } from 'vitest'
import type { DuePlace, StoredTask, UpdateLog } from './log.ts'
import {
  bytes,
  edit,
  isDuplicate,
  isMisplaced,
  type Rule,
  reopen,
  reply,
  task,
  texts,
} from './log-bed.contract.ts'

const always = Number.MAX_SAFE_INTEGER

/** What a room owes is set and ended by its entries, and found by its time. */
export function taskRules(rule: Rule): void {
  rule('[E7] what was never stored owes nothing', async (log) => {
    expect(await log.dueTasks(always, 10)).toEqual([])
    expect(await log.tasks('nobody', '', 10)).toEqual([])
    expect(await log.append('r', [{ tasks: [{ drop: 'none' }] }])).toEqual({ position: 1 })
    expect(await log.tasks('r', '', 10)).toEqual([])
  })

  rule('[E7] a task is set, replaced and ended, by entries of their own or with others', async (log) => {
    await log.append('r', [{ ...edit('a'), reply: reply('e'), tasks: [{ put: task('t', 10, 'first') }] }])
    await log.append('s', [{ tasks: [{ put: task('t', 10, 'other') }] }])
    expect(await log.tasks('r', '', 10)).toEqual([task('t', 10, 'first')])
    expect(await log.append('r', [{ tasks: [{ put: task('t', 20, 'second') }] }])).toEqual({ position: 2 })
    expect(await log.tasks('r', '', 10)).toEqual([task('t', 20, 'second')])
    expect(await log.dueTasks(19, 10)).toEqual([{ room: 's', ...task('t', 10, 'other') }])
    await log.append('r', [edit('b'), { tasks: [{ drop: 't' }] }])
    expect(await log.tasks('r', '', 10)).toEqual([])
    expect(await log.dueTasks(always, 10)).toEqual([{ room: 's', ...task('t', 10, 'other') }])
    expect(await texts(log, 'r')).toEqual(['a', 'b'])
  })

  rule('[E7] changes of one append take effect in order', async (log) => {
    await log.append('r', [
      { tasks: [{ put: task('a', 1) }, { drop: 'a' }, { put: task('b', 1) }, { put: task('b', 2) }] },
      { tasks: [{ drop: 'b' }, { put: task('b', 3) }, { put: task('c', 4) }] },
      { tasks: [{ drop: 'c' }] },
    ])
    expect(await log.tasks('r', '', 10)).toEqual([task('b', 3)])
    expect(await log.dueTasks(always, 10)).toEqual([{ room: 'r', ...task('b', 3) }])
  })

  rule('[E7] the earliest comes first, whatever its room, and not before its time', async (log) => {
    const times = [50, 20.5, 90, -3, 70, 0, 1_900_000_000_000]
    for (const [index, due] of times.entries())
      await log.append(`r${index % 3}`, [{ tasks: [{ put: task(`t${due}`, due) }] }])
    const due = async (until: number, limit: number) =>
      (await log.dueTasks(until, limit)).map((found) => found.due)
    expect(await due(-4, 10)).toEqual([])
    expect(await due(20.5, 10)).toEqual([-3, 0, 20.5])
    expect(await due(always, 2)).toEqual([-3, 0])
    expect(await due(always, 10)).toEqual([...times].sort((one, two) => one - two))
    expect(await due(always, 0)).toEqual([])
    expect(await log.dueTasks(20.5, 1)).toEqual([{ room: 'r0', ...task('t-3', -3) }])
  })

  rule('[E7] tasks of a room that are due together come in the order of their ids', async (log) => {
    const ids = ['b', 'ä', 'a', '😀', 'z', '\uffee']
    await log.append('r', [{ tasks: ids.map((id) => ({ put: task(id, 7) })) }])
    const sorted = ['a', 'b', 'z', 'ä', '\uffee', '😀']
    expect((await log.dueTasks(7, 10)).map(({ id }) => id)).toEqual(sorted)
    expect((await log.dueTasks(7, 3)).map(({ id }) => id)).toEqual(sorted.slice(0, 3))
  })

  rule('[E7] what is due comes in pages, whatever was ended and set in between', async (log) => {
    const ids = Array.from({ length: 60 }, (_, index) => `t${String(index).padStart(2, '0')}`)
    for (const room of ['r', 'ä', 'q'])
      await log.append(room, [
        { tasks: ids.map((id, index) => ({ put: task(id, Math.floor(index / 20) * 10) })) },
      ])
    const all = (await log.dueTasks(always, 1000)).map(({ room, id }) => room + id)
    expect(new Set(all).size).toBe(180)
    const paged: string[] = []
    let after: DuePlace | undefined
    for (;;) {
      const page = await log.dueTasks(always, 7, after)
      if (page.length === 0) break
      paged.push(...page.map(({ room, id }) => room + id))
      after = page.at(-1)!
      // The place stays where it was, though the task that marked it is gone.
      await log.append(after.room, [{ tasks: [{ drop: after.id }] }])
    }
    expect(paged).toEqual(all)
    const from = async (due: number) => (await log.dueTasks(always, 1, { due, room: '', id: '' }))[0]?.due
    expect(await from(-1)).toBe(0)
    expect(await from(10)).toBe(10)
    expect(await from(21)).toBe(undefined)
    expect(await log.dueTasks(10, 1000, { due: 11, room: '', id: '' })).toEqual([])
  })

  rule('[E7] one that waits for its turn is never due, is listed and counted', async (log) => {
    const { POSITIVE_INFINITY: behind } = Number
    await log.append('r', [{ tasks: [{ put: task('b', behind) }, { put: task('a', behind) }] }])
    await log.append('q', [{ tasks: [{ put: task('b', behind) }, { put: task('c', 3) }] }])
    expect((await log.dueTasks(always, 10)).map(({ id }) => id)).toEqual(['c'])
    expect(await log.tasks('r', '', 10)).toEqual([task('a', behind), task('b', behind)])
    expect(await log.countTasks()).toEqual({ timed: 4, untimed: 0 })
    await log.append('r', [{ tasks: [{ drop: 'b' }, { put: task('a', null) }] }])
    expect(await log.countTasks()).toEqual({ timed: 2, untimed: 1 })
    await log.append('r', [{ tasks: [{ put: task('a', 1) }] }])
    expect((await log.dueTasks(always, 10)).map(({ id }) => id)).toEqual(['a', 'c'])
    expect(await log.countTasks()).toEqual({ timed: 3, untimed: 0 })
  })

  rule('[E7] one without a time is never due, and is listed', async (log) => {
    await log.append('r', [{ tasks: [{ put: task('dead', null) }, { put: task('live', 5) }] }])
    expect((await log.dueTasks(always, 10)).map(({ id }) => id)).toEqual(['live'])
    expect(await log.tasks('r', '', 10)).toEqual([task('dead', null), task('live', 5)])
    await log.append('r', [{ tasks: [{ put: task('dead', 6) }, { put: task('live', null) }] }])
    expect((await log.dueTasks(always, 10)).map(({ id }) => id)).toEqual(['dead'])
  })

  rule('[E7] the tasks of a room come in pages, in the order of the bytes of their ids', async (log) => {
    const ids = Array.from({ length: 25 }, (_, index) => `${index % 2 ? 'ö' : 'x'}${index}`)
    await log.append('r', [{ tasks: ids.map((id, index) => ({ put: task(id, index % 5 ? index : null) })) }])
    await log.append('other', [{ tasks: [{ put: task('x1', 1) }] }])
    const listed: StoredTask[] = []
    for (let page = await log.tasks('r', '', 10); page.length > 0; ) {
      listed.push(...page)
      page = await log.tasks('r', page.at(-1)!.id, 10)
    }
    const sorted = ids.sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)))
    expect(listed.map(({ id }) => id)).toEqual(sorted)
    expect((await log.tasks('r', 'x9', 1)).map(({ id }) => id)).toEqual(['ö1'])
  })

  rule('[L1] a refused append changes no task', async (log) => {
    await log.append('r', [{ reply: reply('e'), tasks: [{ put: task('t', 1) }] }])
    const changes = { tasks: [{ drop: 't' }, { put: task('u', 1) }] }
    await expect(log.append('r', [changes, { reply: reply('e') }])).rejects.toSatisfy(isDuplicate)
    await expect(log.append('r', [changes], 7)).rejects.toSatisfy(isMisplaced)
    expect(await log.tasks('r', '', 10)).toEqual([task('t', 1)])
  })

  rule('[E7] an id or a time that cannot be stored is an error of that call alone', async (log) => {
    for (const put of [task('\uD800', 1), task('', 1), task('t', Number.NaN)])
      await expect(log.append('r', [edit('a'), { tasks: [{ put }] }])).rejects.toThrow(TypeError)
    await expect(log.append('r', [{ tasks: [{ drop: '\uDFFF' }] }])).rejects.toThrow(TypeError)
    expect(await log.load('r')).toMatchObject({ position: 0 })
    expect(await log.append('r', [{ tasks: [{ put: task('t', 1) }] }])).toEqual({ position: 1 })
  })

  rule('[E7] any content comes back as it was: long, odd, or none', async (log) => {
    const contents = ['', '{"text":"ö\\u0000 💡"}', 'a\0b', JSON.stringify({ text: 'x'.repeat(200_000) })]
    await log.append('r', [
      { tasks: contents.map((content, n) => ({ put: { id: `${n}`, due: n, content } })) },
    ])
    expect((await log.tasks('r', '', 10)).map(({ content }) => content)).toEqual(contents)
    expect((await log.dueTasks(9, 10)).map(({ content }) => content)).toEqual(contents)
  })

  rule('[E7] ten thousand of them are found a few at a time', async (log) => {
    const put = (n: number) => ({ put: task(`t${n}`, (n * 7919) % 10_000) })
    await log.append('r', [{ tasks: Array.from({ length: 10_000 }, (_, n) => put(n)) }])
    const seen = await drain(log, 'r', 9_999, 700)
    expect(seen).toEqual(Array.from({ length: 10_000 }, (_, due) => due))
  })

  rule('[L2] compaction and pruning leave tasks alone', async (log) => {
    await log.append('r', [{ ...edit('a'), tasks: [{ put: task('t', 1) }] }])
    await log.compact('r', 1, bytes('a'))
    await log.prune({ replies: always, journal: always })
    expect(await log.dueTasks(1, 10)).toEqual([{ room: 'r', ...task('t', 1) }])
  })

  rule.with('reopen', '[E7] tasks survive a restart', async (log, bed) => {
    await log.append('r', [
      { tasks: [{ put: task('t', 5) }, { put: task('u', null) }, { put: task('v', 3) }] },
    ])
    await log.append('r', [{ tasks: [{ drop: 'v' }] }])
    log = await reopen(log, bed)
    expect(await log.tasks('r', '', 10)).toEqual([task('t', 5), task('u', null)])
    expect(await log.dueTasks(5, 10)).toEqual([{ room: 'r', ...task('t', 5) }])
  })

  rule.with(
    'crash',
    '[E7] what was resolved is there after a crash, and half of nothing',
    async (log, bed) => {
      await log.append('r', [{ ...edit('a'), tasks: [{ put: task('t', 1) }] }])
      const unanswered = log
        .append('r', [{ ...edit('b'), tasks: [{ drop: 't' }, { put: task('u', 2) }] }])
        .catch(() => 'lost')
      await bed.crash!(log)
      await unanswered
      log = await bed.open()
      const isThere = (await log.load('r')).position === 2
      expect((await log.dueTasks(9, 10)).map(({ id }) => id)).toEqual([isThere ? 'u' : 't'])
    },
  )
}

/** Takes what is due in pages, ending what it took. Returns the times. */
async function drain(log: UpdateLog, room: string, until: number, limit: number): Promise<number[]> {
  const seen: number[] = []
  for (;;) {
    const page = await log.dueTasks(until, limit)
    if (page.length === 0) return seen
    seen.push(...page.map(({ due }) => due))
    await log.append(room, [{ tasks: page.map(({ id }) => ({ drop: id })) }])
  }
}
