import { expect } from 'vitest'
import type { JournalMatch, UpdateLog } from './log.ts'
import { bytes, edit, isDuplicate, type Rule, record, reopen, reply, texts } from './log-bed.contract.ts'

/** What happened is remembered, in order, for a while. */
export function journalRules(rule: Rule): void {
  rule('the journal of an unknown room is empty', async (log) => {
    expect(await log.journal('nobody', 0, 10)).toEqual([])
    await log.append('r', [edit('a')])
    expect(await log.journal('r', 0, 10, { event: 'note.add' })).toEqual([])
  })

  rule('a record comes back whole, with the position of its entry', async (log) => {
    const odd = { at: 1.5, event: 'ö\0', outcome: '', content: '{"text":"💡"}' }
    const long = { at: 2, event: 'x'.repeat(3000), outcome: 'ok', content: 'y'.repeat(100_000) }
    await log.append('r', [{ ...edit('a'), reply: reply('e'), journal: record('note.add') }, edit('b')])
    await log.append('r', [{ journal: odd }, { journal: long }])
    await log.append('other', [{ journal: record('note.drop') }])
    expect(await log.journal('r', 0, 10)).toEqual([
      { position: 1, ...record('note.add') },
      { position: 3, ...odd },
      { position: 4, ...long },
    ])
    expect(await log.journal('r', 0, 10, { event: odd.event, outcome: '' })).toEqual([
      { position: 3, ...odd },
    ])
    expect(await texts(log, 'r')).toEqual(['a', 'b'])
  })

  rule('records come in pages, oldest first', async (log) => {
    for (let n = 1; n <= 30; n++) await log.append('r', [n % 3 ? { journal: record('e', n) } : edit('x')])
    const all = Array.from({ length: 30 }, (_, index) => index + 1).filter((n) => n % 3)
    expect(await positions(log, 'r', 7)).toEqual(all)
    expect((await log.journal('r', 4, 2)).map(({ position }) => position)).toEqual([5, 7])
    expect(await log.journal('r', 30, 2)).toEqual([])
    expect(await log.journal('r', 0, 0)).toEqual([])
  })

  rule('records are found by event, by outcome, and by both', async (log) => {
    const kinds = [
      ['add', 'ok'],
      ['add', 'conflict'],
      ['drop', 'ok'],
      ['drop', 'conflict'],
    ] as const
    for (let n = 0; n < 40; n++) {
      const [event, outcome] = kinds[n % 4]!
      await log.append('r', [{ journal: { ...record(event, n), outcome } }])
    }
    const every = (first: number, step: number) =>
      Array.from({ length: 40 }, (_, index) => index + 1).filter(
        (n) => n >= first && (n - first) % step === 0,
      )
    expect(await positions(log, 'r', 3, { event: 'drop', outcome: 'ok' })).toEqual(every(3, 4))
    expect(await positions(log, 'r', 3, { outcome: 'conflict' })).toEqual(every(2, 2))
    expect(await positions(log, 'r', 100, { event: 'add' })).toEqual(
      every(1, 4)
        .concat(every(2, 4))
        .sort((a, b) => a - b),
    )
    expect(await positions(log, 'r', 3, { event: 'ad' })).toEqual([])
    expect(await positions(log, 'r', 3, { event: 'add', outcome: 'OK' })).toEqual([])
  })

  rule('a rare record is found behind thousands of others, while appends go on', async (log) => {
    const entries = Array.from({ length: 12_000 }, (_, n) => ({
      journal: record(n === 9_000 || n === 11_999 ? 'rare' : 'often', n),
    }))
    await log.append('r', entries)
    const rare = log.journal('r', 0, 10, { event: 'rare' })
    const first = log.journal('r', 0, 1, { event: 'rare' })
    const many = log.journal('r', 100, 5_000, { event: 'often' })
    const all = log.journal('r', 0, 20_000)
    expect(await log.append('s', [edit('a')])).toEqual({ position: 1 })
    expect((await rare).map(({ position }) => position)).toEqual([9_001, 12_000])
    expect((await first).map(({ position }) => position)).toEqual([9_001])
    expect((await many).map(({ position }) => position)).toEqual(
      Array.from({ length: 5_000 }, (_, n) => n + 101),
    )
    expect((await all).map(({ at }) => at)).toEqual(Array.from({ length: 12_000 }, (_, n) => n))
  })

  rule('[L1] a refused append leaves no record', async (log) => {
    await log.append('r', [{ reply: reply('e') }])
    const again = log.append('r', [{ journal: record('a') }, { reply: reply('e'), journal: record('b') }])
    await expect(again).rejects.toSatisfy(isDuplicate)
    expect(await log.journal('r', 0, 10)).toEqual([])
  })

  rule('[L2] compaction leaves the journal alone', async (log) => {
    await log.append('r', [{ ...edit('a'), journal: record('add') }, edit('b')])
    await log.compact('r', 2, bytes('ab'))
    await log.append('r', [{ journal: record('drop') }])
    expect((await log.journal('r', 0, 10)).map(({ position }) => position)).toEqual([1, 3])
  })

  rule('prune drops records and replies, each by its own age', async (log) => {
    const times = [500, 100, 300, 299, 301, 700]
    await log.append(
      'r',
      times.map((at) => ({ journal: record('e', at), reply: reply(`${at}`, at) })),
    )
    await log.append('s', [{ journal: record('e', 100) }, edit('a')])
    expect(await log.prune({ replies: 0, journal: 300 })).toBe(3)
    expect((await log.journal('r', 0, 10)).map(({ at }) => at)).toEqual([500, 300, 301, 700])
    expect(await log.journal('s', 0, 10)).toEqual([])
    expect(await log.prune({ replies: 301, journal: 301 })).toBe(4)
    expect(await log.prune({ replies: 301, journal: 301 })).toBe(0)
    expect((await log.journal('r', 0, 10)).map(({ position }) => position)).toEqual([1, 5, 6])
    expect((await log.eventIds('r', '', 10)).sort()).toEqual(['301', '500', '700'])
    expect(await log.append('s', [{ journal: record('e', 900) }])).toEqual({ position: 3 })
    expect((await log.journal('s', 0, 10)).map(({ position }) => position)).toEqual([3])
  })

  rule('prune of thousands of records does not hold up appends', async (log) => {
    await log.append(
      'r',
      Array.from({ length: 5000 }, (_, at) => ({ journal: record('e', at), reply: reply(`${at}`, at) })),
    )
    const pruned = log.prune({ replies: 1000, journal: 4500 })
    expect(await log.append('s', [edit('a')])).toEqual({ position: 1 })
    expect(await pruned).toBe(5500)
    expect((await log.journal('r', 0, 1))[0]).toMatchObject({ position: 4501 })
  })

  rule.with('reopen', '[S2] the journal survives a restart', async (log, bed) => {
    await log.append('r', [{ ...edit('a'), journal: record('add') }])
    log = await reopen(log, bed)
    expect(await log.journal('r', 0, 10)).toEqual([{ position: 1, ...record('add') }])
    await log.append('r', [{ journal: record('drop') }])
    expect(await positions(log, 'r', 10)).toEqual([1, 2])
  })
}

/** The positions of all records that match, read page by page. */
async function positions(
  log: UpdateLog,
  room: string,
  limit: number,
  match?: JournalMatch,
): Promise<number[]> {
  const found: number[] = []
  for (;;) {
    const page = await log.journal(room, found.at(-1) ?? 0, limit, match)
    if (page.length === 0) return found
    found.push(...page.map(({ position }) => position))
  }
}
