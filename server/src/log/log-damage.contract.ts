import { expect } from 'vitest'
import {
  bytes,
  edit,
  isDuplicate,
  type Rule,
  record,
  reopen,
  reply,
  task,
  texts,
} from './log-bed.contract.ts'

/** Damage is reported, and costs what it hit. */
export function damageRules(rule: Rule): void {
  rule.with(
    'damage',
    '[L3] a corrupt entry is reported, skipped, and kept by compaction',
    async (log, bed) => {
      await log.append('r', ['a', 'b', 'c'].map(edit))
      await log.append('s', [edit('x')])
      await log.close()
      await bed.damage!('r', 'entry', 2)
      log = await bed.open()
      const report = { room: 'r', part: 'entry', position: 2, reason: expect.any(String) }
      expect(await log.load('r')).toMatchObject({ position: 3, corrupt: [report] })
      expect(await texts(log, 'r')).toEqual(['a', 'c'])
      expect(await texts(log, 's')).toEqual(['x'])
      expect(await log.append('r', [edit('d')], 3)).toEqual({ position: 4 })
      await log.compact('r', 3, bytes('ac'))
      expect(await texts(log, 'r')).toEqual(['ac|', 'd'])
      expect(await log.load('r')).toMatchObject({ position: 4, corrupt: [report] })
      await log.compact('r', 4, bytes('acd'))
      log = await reopen(log, bed)
      expect(await log.load('r')).toMatchObject({ position: 4, corrupt: [report] })
    },
  )

  rule.with('damage', '[L3] a corrupt snapshot is reported and survives compaction', async (log, bed) => {
    await log.append('r', ['a', 'b', 'c'].map(edit))
    await log.compact('r', 2, bytes('ab'))
    await log.close()
    await bed.damage!('r', 'snapshot', 2)
    log = await bed.open()
    const report = { room: 'r', part: 'snapshot', position: 2, reason: expect.any(String) }
    expect(await texts(log, 'r')).toEqual(['c'])
    expect(await log.load('r')).toMatchObject({ snapshot: null, position: 3, corrupt: [report] })
    await log.compact('r', 1, bytes('older'))
    expect(await log.load('r')).toMatchObject({ snapshot: null, position: 3, corrupt: [report] })
    await log.compact('r', 3, bytes('?c'))
    expect(await texts(log, 'r')).toEqual(['?c|'])
    log = await reopen(log, bed)
    expect(await log.load('r')).toMatchObject({ position: 3, corrupt: [report] })
    expect(await log.append('r', [edit('d')], 3)).toEqual({ position: 4 })
  })

  rule.with(
    'damage',
    '[L3] [E1] an event whose stored reply is corrupt does not run again',
    async (log, bed) => {
      await log.append('r', [{ ...edit('a'), reply: reply('e1') }, { reply: reply('e2') }])
      await log.close()
      await bed.damage!('r', 'reply', 'e1')
      log = await bed.open()
      const [first, second] = await log.replies('r', ['e1', 'e2'])
      expect(first).toMatchObject({ ok: false, error: { code: 'internal' } })
      expect(second).toEqual(reply('e2').outcome)
      await expect(log.append('r', [{ reply: reply('e1') }])).rejects.toSatisfy(isDuplicate)
    },
  )

  rule.with(
    'damage',
    '[L3] [E7] a corrupt task holds up no other, and is reported until somebody sees to it',
    async (log, bed) => {
      const tasks = [task('a', 1), task('b', 2), task('c', 3), task('d', null), task('e', 5)]
      await log.append('r', [{ ...edit('x'), tasks: tasks.map((put) => ({ put })) }])
      await log.append('s', [{ tasks: [{ put: task('f', 6) }] }])
      await log.close()
      for (const id of ['a', 'b', 'd']) await bed.damage!('r', 'task', id)
      log = await bed.open()
      const report = (id: string) => ({
        room: 'r',
        part: 'task',
        position: 0,
        id,
        reason: expect.stringMatching('checksum'),
      })
      const reports = ['a', 'b', 'd'].map(report)
      expect((await log.load('r')).corrupt).toEqual(reports)
      expect((await log.dueTasks(10, 2)).map(({ id }) => id)).toEqual(['c', 'e'])
      expect((await log.dueTasks(10, 10)).map(({ id }) => id)).toEqual(['c', 'e', 'f'])
      expect((await log.tasks('r', '', 2)).map(({ id }) => id)).toEqual(['c', 'e'])
      expect(await log.load('r')).toMatchObject({ position: 1, corrupt: expect.arrayContaining(reports) })
      expect((await log.load('r')).corrupt).toHaveLength(3)
      expect(await texts(log, 'r')).toEqual(['x'])
      await log.append('r', [{ tasks: [{ put: task('a', 4) }, { drop: 'b' }] }])
      log = await reopen(log, bed)
      expect((await log.dueTasks(10, 10)).map(({ id }) => id)).toEqual(['c', 'a', 'e', 'f'])
      expect((await log.load('r')).corrupt).toEqual(expect.arrayContaining(reports))
      expect((await log.load('s')).corrupt).toEqual([])
    },
  )

  rule.with('damage', '[L3] a corrupt journal record is skipped, reported and kept', async (log, bed) => {
    for (const event of ['a', 'b', 'c']) await log.append('r', [{ journal: record(event) }])
    await log.close()
    await bed.damage!('r', 'journal', 2)
    log = await bed.open()
    const positions = async (limit: number) =>
      (await log.journal('r', 0, limit)).map(({ position }) => position)
    expect(await positions(2)).toEqual([1, 3])
    expect(await positions(10)).toEqual([1, 3])
    const report = { room: 'r', part: 'journal', position: 2, reason: expect.stringMatching('checksum') }
    expect((await log.load('r')).corrupt).toEqual([report])
    log = await reopen(log, bed)
    expect((await log.load('r')).corrupt).toEqual([report])
    expect(await log.append('r', [edit('x')], 3)).toEqual({ position: 4 })
  })

  rule.with(
    'damage',
    '[L3] [E8] a corrupt place of a reaction is reported, and not believed',
    async (log, bed) => {
      await log.append('r', [edit('a'), { reacted: { notes: 1, title: 2 } }])
      await log.close()
      await bed.damage!('r', 'reaction', 'notes')
      log = await bed.open()
      const report = { room: 'r', part: 'reaction', id: 'notes', position: 5, reason: expect.any(String) }
      expect(await log.load('r')).toMatchObject({ reacted: { title: 2 }, corrupt: [report] })
      await log.append('r', [{ reacted: { notes: 3 } }])
      expect(await log.load('r')).toMatchObject({ reacted: { notes: 3, title: 2 }, corrupt: [] })
    },
  )
}
