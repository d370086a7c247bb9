import { expect } from 'vitest'
import { edit, isDuplicate, type Rule, reply, texts } from './log-bed.contract.ts'

/** An event has one reply. */
export function replyRules(rule: Rule): void {
  rule('[E1] outcomes are found again, in the order asked for', async (log) => {
    const failed = reply('failed', 2, {
      ok: false,
      error: {
        code: 'conflict',
        message: 'ö',
        issues: [{ path: ['a', 0], message: 'x' }],
        details: { n: 1 },
      },
    })
    await log.append('r', [{ ...edit('a'), reply: reply('done') }, { reply: failed }])
    await log.append('r', [{ reply: reply('void', 3, { ok: true, output: undefined }) }])
    expect(await log.replies('r', ['void', 'none', 'failed', 'done', 'done'])).toEqual([
      { ok: true, output: undefined },
      null,
      failed.outcome,
      reply('done').outcome,
      reply('done').outcome,
    ])
    expect(await log.replies('r', [])).toEqual([])
    expect(await log.replies('other', ['done'])).toEqual([null])
  })

  rule(
    '[E1] the ids of a room with their outcomes are listed in pages, in the order of their bytes',
    async (log) => {
      const ids = ['b', 'ä', 'a', '😀', 'z', '\uffee']
      await log.append(
        'r',
        ids.map((id) => ({ reply: reply(id) })),
      )
      await log.append('other', [edit('x'), { reply: reply('not here') }])
      const listed: string[] = []
      for (let page = await log.eventIds('r', '', 4); page.length > 0; ) {
        listed.push(...page)
        page = await log.eventIds('r', page.at(-1)!, 4)
      }
      expect(listed).toEqual(['a', 'b', 'z', 'ä', '\uffee', '😀'])
      expect(await log.eventIds('nothing', '', 10)).toEqual([])
    },
  )

  rule('[E1] an event id is stored once: the second append is refused whole', async (log) => {
    await log.append('r', [{ ...edit('a'), reply: reply('e1') }])
    const again = log.append('r', [
      edit('b'),
      { reply: reply('e2') },
      { ...edit('c'), reply: reply('e1', 9) },
    ])
    await expect(again).rejects.toSatisfy(isDuplicate)
    expect(await texts(log, 'r')).toEqual(['a'])
    expect(await log.replies('r', ['e1', 'e2'])).toEqual([reply('e1').outcome, null])
    expect(await log.append('r', [{ ...edit('d'), reply: reply('e2') }])).toEqual({ position: 2 })
    expect(await log.append('other', [{ reply: reply('e1') }])).toEqual({ position: 1 })
  })

  rule('[E1] an event id twice in one append is refused, and makes no room', async (log) => {
    const twice = log.append('r', [{ ...edit('a'), reply: reply('e') }, { reply: reply('e') }])
    await expect(twice).rejects.toSatisfy(isDuplicate)
    expect(await log.load('r')).toMatchObject({ updates: [], position: 0 })
    expect(await log.rooms('', 10)).toEqual([])
    expect(await log.replies('r', ['e'])).toEqual([null])
  })

  rule('[L1] a refused append leaves those of other rooms in its commit alone', async (log) => {
    await log.append('r', [{ reply: reply('e') }])
    const before = Array.from({ length: 20 }, (_, index) => log.append(`a/${index}`, [edit('x')]))
    const refused = log.append('r', [edit('y'), { reply: reply('e') }])
    const after = Array.from({ length: 20 }, (_, index) => log.append(`b/${index}`, [edit('x')]))
    await expect(refused).rejects.toSatisfy(isDuplicate)
    expect(await Promise.all([...before, ...after])).toEqual(Array(40).fill({ position: 1 }))
    expect(await log.load('r')).toMatchObject({ updates: [], position: 1 })
  })

  rule('prune drops replies older than a time, however they were appended', async (log) => {
    const times = [500, 100, 300, 299, 301, 700]
    await log.append(
      'r',
      times.map((at) => ({ ...edit(`${at}`), reply: reply(`${at}`, at) })),
    )
    await log.append('s', [{ reply: reply('100', 100) }])
    expect(await log.prune({ replies: 300, journal: 0 })).toBe(3)
    expect(await log.prune({ replies: 300, journal: 0 })).toBe(0)
    const left = await log.replies('r', ['100', '299', '300', '301', '500', '700'])
    expect(left.map((outcome) => outcome !== null)).toEqual([false, false, true, true, true, true])
    expect(await log.load('r')).toMatchObject({ position: 6 })
    expect(await log.append('r', [{ reply: reply('100', 800) }])).toEqual({ position: 7 })
  })

  rule('prune of thousands of replies does not hold up appends', async (log) => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ reply: reply(`e${index}`, index) }))
    await log.append('r', many)
    const pruned = log.prune({ replies: 4500, journal: 0 })
    expect(await log.append('s', [edit('a')])).toEqual({ position: 1 })
    expect(await pruned).toBe(4500)
    expect(await log.replies('r', ['e4499', 'e4500'])).toEqual([null, reply('e4500').outcome])
  })
}
