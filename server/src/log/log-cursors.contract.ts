import { expect } from 'vitest'
import { bytes, edit, isDuplicate, type Rule, reopen, reply } from './log-bed.contract.ts'

/** Who made an update, how far reactions are, and what a snapshot says of itself. */
export function cursorRules(rule: Rule): void {
  rule('an update comes back with its position and who made it', async (log) => {
    await log.append('r', [
      edit('a'),
      { ...edit('b'), by: 'ada' },
      { by: 'nobody' },
      { ...edit('c'), by: '' },
    ])
    await log.append('r', [
      { ...edit('d'), by: 'bö\0' },
      { ...edit('e'), by: 'ada' },
    ])
    const authors = async () => (await log.load('r')).updates.map(({ position, by }) => [position, by])
    const tail = [
      [4, ''],
      [5, 'bö\0'],
      [6, 'ada'],
    ]
    expect(await authors()).toEqual([[1, null], [2, 'ada'], ...tail])
    await log.compact('r', 3, bytes('ab'))
    expect(await authors()).toEqual(tail)
  })

  rule('[E8] a reaction is where the last entry that names it has put it', async (log) => {
    await log.append('r', [edit('a'), { ...edit('b'), reacted: { notes: 2 } }, edit('c')])
    expect((await log.load('r')).reacted).toEqual({ notes: 2 })
    await log.append('r', [{ reacted: { notes: 3, title: 0 } }, { reacted: { constructor: 4 } }])
    await log.append('other', [{ reacted: { notes: 1 } }])
    expect((await log.load('r')).reacted).toEqual({ notes: 3, title: 0, constructor: 4 })
    await log.append('r', [{ reacted: { title: 6 } }, { reacted: { title: 7, ['__proto__']: 7 } }])
    const { reacted } = await log.load('r')
    expect(Object.entries(reacted).sort()).toEqual([
      ['__proto__', 7],
      ['constructor', 4],
      ['notes', 3],
      ['title', 7],
    ])
    expect((await log.load('other')).reacted).toEqual({ notes: 1 })
  })

  rule('[L1] a refused append moves no reaction', async (log) => {
    await log.append('r', [{ reply: reply('e'), reacted: { notes: 1 } }])
    const again = log.append('r', [{ reacted: { notes: 2, title: 2 } }, { reply: reply('e') }])
    await expect(again).rejects.toSatisfy(isDuplicate)
    expect((await log.load('r')).reacted).toEqual({ notes: 1 })
  })

  rule('[L2] a note comes back with its snapshot, and goes with it', async (log) => {
    await log.append('r', ['a', 'b', 'c', 'd'].map(edit))
    await log.compact('r', 1, bytes('a'))
    expect((await log.load('r')).note).toBe(null)
    await log.compact('r', 2, bytes('ab'), '{"seen":"ö"}')
    expect(await log.load('r')).toMatchObject({ note: '{"seen":"ö"}', position: 4 })
    await log.compact('r', 2, bytes('ab'), 'again')
    await log.compact('r', 1, bytes('a'), 'older')
    expect((await log.load('r')).note).toBe('{"seen":"ö"}')
    await log.compact('r', 3, bytes('abc'), '')
    expect((await log.load('r')).note).toBe('')
    const long = 'n'.repeat(300_000)
    await log.compact('r', 4, bytes('abcd'), long)
    expect((await log.load('r')).note).toBe(long)
  })

  rule('[L2] [E8] compaction leaves the places of reactions alone', async (log) => {
    await log.append('r', [edit('a'), { ...edit('b'), reacted: { notes: 1 } }])
    await log.compact('r', 2, bytes('ab'), 'note')
    expect((await log.load('r')).reacted).toEqual({ notes: 1 })
  })

  rule.with('reopen', '[S2] [E8] all of it survives a restart', async (log, bed) => {
    await log.append('r', [edit('a'), { ...edit('b'), by: 'ada', reacted: { notes: 1 } }])
    await log.compact('r', 1, bytes('a'), 'note')
    log = await reopen(log, bed)
    const { note, updates, reacted, corrupt } = await log.load('r')
    expect({ note, reacted, corrupt }).toEqual({ note: 'note', reacted: { notes: 1 }, corrupt: [] })
    expect(updates.map(({ by }) => by)).toEqual(['ada'])
  })
}
