import { expect } from 'vitest'
import { bytes, edit, isDuplicate, type Rule, reply, texts } from './log-bed.contract.ts'

/** Snapshots take the place of entries, and of nothing else. */
export function compactionRules(rule: Rule): void {
  rule('[L2] a snapshot replaces the entries it holds and no others; replies stay', async (log) => {
    await log.append('r', [edit('a'), { ...edit('b'), reply: reply('e') }, edit('c')])
    await log.compact('r', 2, bytes('ab'))
    expect(await texts(log, 'r')).toEqual(['ab|', 'c'])
    expect(await log.replies('r', ['e'])).toEqual([reply('e').outcome])
    await expect(log.append('r', [{ reply: reply('e') }])).rejects.toSatisfy(isDuplicate)
    expect(await log.append('r', [edit('d')])).toEqual({ position: 4 })
    await log.compact('r', 4, bytes('abcd'))
    expect(await texts(log, 'r')).toEqual(['abcd|'])
    expect(await log.load('r')).toMatchObject({ position: 4 })
    expect(await log.append('r', [edit('e')])).toEqual({ position: 5 })
    expect(await texts(log, 'r')).toEqual(['abcd|', 'e'])
  })

  rule('[L2] an older or repeated compaction changes nothing', async (log) => {
    await log.append('r', ['a', 'b', 'c', 'd'].map(edit))
    await log.compact('r', 3, bytes('abc'))
    await log.compact('r', 2, bytes('stale'))
    await log.compact('r', 3, bytes('again'))
    await log.compact('r', 0, bytes(''))
    expect(await texts(log, 'r')).toEqual(['abc|', 'd'])
  })

  rule('[L2] a snapshot of entries that do not exist is refused', async (log) => {
    await expect(log.compact('r', 1, bytes('x'))).rejects.toThrow(/position 1/)
    await log.append('r', [edit('a')])
    await expect(log.compact('r', 2, bytes('x'))).rejects.toThrow(/position 2/)
    expect(await texts(log, 'r')).toEqual(['a'])
    expect(await log.rooms('', 10)).toEqual(['r'])
  })

  rule('[L2] compactions race appends and drop none of them', async (log) => {
    const expected: string[] = []
    const compactions: Promise<void>[] = []
    for (let n = 1; n <= 60; n++) {
      expected.push(`${n};`)
      const { position } = await log.append('r', [edit(`${n};`)])
      if (n % 7 === 0) compactions.push(log.compact('r', position, bytes(expected.join(''))))
    }
    await Promise.all(compactions)
    expect((await texts(log, 'r')).join('').replaceAll('|', '')).toBe(expected.join(''))
  })
}
