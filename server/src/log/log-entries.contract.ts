import { expect } from 'vitest'
import { bytes, edit, isMisplaced, type Rule, reopen, reply, text, texts } from './log-bed.contract.ts'

/** What is appended comes back. */
export function entryRules(rule: Rule): void {
  rule('an unknown room is empty', async (log) => {
    expect(await log.load('nobody')).toEqual({
      snapshot: null,
      note: null,
      updates: [],
      reacted: {},
      position: 0,
      corrupt: [],
    })
    expect(await log.replies('nobody', ['a'])).toEqual([null])
    expect(await log.rooms('', 10)).toEqual([])
  })

  rule('entries come back in order and count from 1 without gaps', async (log) => {
    expect(await log.append('r', [edit('a')])).toEqual({ position: 1 })
    expect(await log.append('r', [edit('b'), edit('c'), edit('d')])).toEqual({ position: 4 })
    expect(await log.append('other', [edit('x')])).toEqual({ position: 1 })
    expect(await log.append('r', [edit('e')])).toEqual({ position: 5 })
    expect(await texts(log, 'r')).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await log.load('r')).toMatchObject({ snapshot: null, position: 5, corrupt: [] })
    expect(await texts(log, 'other')).toEqual(['x'])
  })

  rule('an entry without an update takes a position of its own', async (log) => {
    await log.append('r', [{ reply: reply('e1') }])
    await log.append('r', [edit('a'), {}, { ...edit('b'), reply: reply('e2') }])
    expect(await texts(log, 'r')).toEqual(['a', 'b'])
    expect(await log.load('r')).toMatchObject({ position: 4 })
  })

  rule('an append of nothing changes nothing', async (log) => {
    expect(await log.append('r', [])).toEqual({ position: 0 })
    await log.append('r', [edit('a')])
    expect(await log.append('r', [])).toEqual({ position: 1 })
    expect(await log.rooms('', 10)).toEqual(['r'])
  })

  rule('[C1] an append that expects another position is refused, and stores nothing', async (log) => {
    expect(await log.append('r', [edit('a')], 0)).toEqual({ position: 1 })
    for (const after of [0, 2, 7])
      await expect(log.append('r', [edit('x'), { reply: reply('e') }], after)).rejects.toSatisfy(isMisplaced)
    await expect(log.append('r', [], 3)).rejects.toSatisfy(isMisplaced)
    expect(await log.append('r', [edit('b')], 1)).toEqual({ position: 2 })
    await log.compact('r', 2, bytes('ab'))
    await expect(log.append('r', [edit('x')], 0)).rejects.toSatisfy(isMisplaced)
    expect(await log.append('r', [edit('c')], 2)).toEqual({ position: 3 })
    expect(await texts(log, 'r')).toEqual(['ab|', 'c'])
    expect(await log.replies('r', ['e'])).toEqual([null])
  })

  rule('[L1] what was handed in behind an append that is refused is refused too', async (log) => {
    await log.append('r', [edit('a'), { reply: reply('e') }])
    const appends = [
      log.append('r', [edit('b')], 2),
      log.append('r', [edit('c'), { reply: reply('e') }], 3),
      log.append('r', [edit('d')], 5),
      log.append('other', [edit('x')], 0),
    ]
    const settled = await Promise.allSettled(appends)
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    await expect(appends[2]).rejects.toSatisfy(isMisplaced)
    expect(await texts(log, 'r')).toEqual(['a', 'b'])
  })

  rule('bytes stay the property of whoever holds them', async (log) => {
    const shared = Buffer.from([9, 1, 2, 3, 9])
    await log.append('r', [{ update: shared.subarray(1, 4) }])
    await log.compact('r', 1, shared.subarray(1, 3))
    await log.append('r', [{ update: shared.subarray(2, 4) }])
    expect([...shared]).toEqual([9, 1, 2, 3, 9])
    shared.fill(0)
    const loaded = await log.load('r')
    expect([...loaded.snapshot!]).toEqual([1, 2])
    expect([...loaded.updates[0]!.update]).toEqual([2, 3])
    loaded.updates[0]!.update.fill(0)
    loaded.snapshot!.fill(0)
    expect([...(await log.load('r')).updates[0]!.update]).toEqual([2, 3])
    expect([...(await log.load('r')).snapshot!]).toEqual([1, 2])
  })

  rule('[L1] two hundred rooms append in one turn, each in its own order', async (log) => {
    const rooms = Array.from({ length: 200 }, (_, index) => `room/${index}`)
    const write = async (room: string) => {
      for (let n = 1; n <= 3; n++)
        expect(await log.append(room, [edit(`${room}#${n}`)])).toEqual({ position: n })
    }
    await Promise.all(rooms.map(write))
    for (const room of rooms) expect(await texts(log, room)).toEqual([1, 2, 3].map((n) => `${room}#${n}`))
  })

  rule('look-ups are answered while appends are under way', async (log) => {
    await log.append('r', [edit('a'), { reply: reply('e') }])
    const appends = Array.from({ length: 50 }, (_, index) => log.append(`busy/${index}`, [edit('x')]))
    expect(await texts(log, 'r')).toEqual(['a'])
    expect(await log.replies('r', ['e'])).toEqual([reply('e').outcome])
    await Promise.all(appends)
  })

  rule('large updates and snapshots of 20 MB', async (log, bed) => {
    const large = new Uint8Array(20 * 1024 * 1024).map((_, index) => (index * 2_654_435_761) >>> 24)
    await log.append('r', [{ update: large.subarray(0, 5 * 1024 * 1024) }, edit('tail')])
    expect(Buffer.compare((await log.load('r')).updates[0]!.update, large.subarray(0, 5 * 1024 * 1024))).toBe(
      0,
    )
    await log.compact('r', 1, large)
    if (rule.has('reopen')) log = await reopen(log, bed)
    const loaded = await log.load('r')
    expect(Buffer.compare(loaded.snapshot!, large)).toBe(0)
    expect(loaded.updates.map(({ update }) => text(update))).toEqual(['tail'])
  })
}
