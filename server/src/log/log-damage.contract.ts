import { expect } from 'vitest'
import { bytes, edit, isDuplicate, type Rule, reopen, reply, texts } from './log-bed.contract.ts'

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
}
