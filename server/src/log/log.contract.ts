import { describe, expect, test } from 'vitest'
import { AppendRefused, type LogEntry, type StoredReply, type UpdateLog } from './log.ts'
import { checkAgainstModel } from './log-model.contract.ts'

/** A storage of its own for one test, and what may be done to it from outside. */
export interface LogBed {
  /** Opens the storage; the log opened before has been closed or crashed. */
  open(): Promise<UpdateLog>
  /** Ends the log the way a crash does: nothing is committed or released on its behalf. */
  crash?(log: UpdateLog): Promise<void>
  /** Cuts the log from its storage for a moment, while calls are under way. */
  sever?(log: UpdateLog): Promise<void>
  /** Changes bytes of one stored row. The log is closed. */
  damage?(room: string, part: 'entry' | 'snapshot' | 'reply', at: number | string): Promise<void>
  /** Closes what is open, removes the storage. */
  remove(): Promise<void>
}

export type LogFeature = 'reopen' | 'crash' | 'sever' | 'damage'

/**
 * The contract of {@link UpdateLog}: every driver passes it. A driver that lacks a feature says why in `absent`; the
 * tests that need it are then reported as skipped.
 */
export function describeUpdateLog(
  name: string,
  makeBed: () => LogBed,
  absent: Partial<Record<LogFeature, string>> = {},
) {
  describe(`update log: ${name}`, () => {
    const rule = (title: string, body: (log: UpdateLog, bed: LogBed) => Promise<void>) =>
      test(title, async () => {
        const bed = makeBed()
        try {
          await body(await bed.open(), bed)
        } finally {
          await bed.remove()
        }
      })
    const ruleWith = (feature: LogFeature, title: string, body: Parameters<typeof rule>[1]) =>
      absent[feature] === undefined
        ? rule(title, body)
        : test.skip(`${title} (no ${feature}: ${absent[feature]})`, () => {})

    describe('entries', () => {
      rule('an unknown room is empty', async (log) => {
        expect(await log.load('nobody')).toEqual({ snapshot: null, updates: [], position: 0, corrupt: [] })
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

      rule('bytes stay the property of whoever holds them', async (log) => {
        const shared = new Uint8Array([9, 1, 2, 3, 9])
        await log.append('r', [{ update: shared.subarray(1, 4) }])
        await log.compact('r', 1, shared.subarray(1, 3))
        await log.append('r', [{ update: shared.subarray(2, 4) }])
        expect([...shared]).toEqual([9, 1, 2, 3, 9])
        shared.fill(0)
        const loaded = await log.load('r')
        expect([...loaded.snapshot!]).toEqual([1, 2])
        expect([...loaded.updates[0]!]).toEqual([2, 3])
        loaded.updates[0]!.fill(0)
        loaded.snapshot!.fill(0)
        expect([...(await log.load('r')).updates[0]!]).toEqual([2, 3])
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
        expect(Buffer.compare((await log.load('r')).updates[0]!, large.subarray(0, 5 * 1024 * 1024))).toBe(0)
        await log.compact('r', 1, large)
        if (!absent.reopen) log = await reopen(log, bed)
        const loaded = await log.load('r')
        expect(Buffer.compare(loaded.snapshot!, large)).toBe(0)
        expect(loaded.updates.map(text)).toEqual(['tail'])
      })
    })

    describe('replies', () => {
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
        expect(await log.prune(300)).toBe(3)
        expect(await log.prune(300)).toBe(0)
        const left = await log.replies('r', ['100', '299', '300', '301', '500', '700'])
        expect(left.map((outcome) => outcome !== null)).toEqual([false, false, true, true, true, true])
        expect(await log.load('r')).toMatchObject({ position: 6 })
        expect(await log.append('r', [{ reply: reply('100', 800) }])).toEqual({ position: 7 })
      })

      rule('prune of thousands of replies does not hold up appends', async (log) => {
        const many = Array.from({ length: 5000 }, (_, index) => ({ reply: reply(`e${index}`, index) }))
        await log.append('r', many)
        const pruned = log.prune(4500)
        expect(await log.append('s', [edit('a')])).toEqual({ position: 1 })
        expect(await pruned).toBe(4500)
        expect(await log.replies('r', ['e4499', 'e4500'])).toEqual([null, reply('e4500').outcome])
      })
    })

    describe('compaction', () => {
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
    })

    describe('names', () => {
      const odd = [
        '%',
        "'",
        '"; --',
        'a b',
        'A',
        'a',
        'ä',
        'a\0b',
        'constructor',
        '__proto__',
        '💡',
        '\uFFFD',
        '../x',
      ]
      const long = `${'x'.repeat(499)}é`

      rule('odd room names are kept apart, and listed in the order of their bytes', async (log) => {
        const names = [...odd, long, long.slice(0, -1)]
        for (const room of names) await log.append(room, [edit(room), { reply: reply(`'${room}`) }])
        for (const room of names) {
          expect(await texts(log, room)).toEqual([room])
          expect(await log.replies(room, [`'${room}`])).toEqual([reply(`'${room}`).outcome])
        }
        const sorted = names.sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)))
        expect(await log.rooms('', 100)).toEqual(sorted)
      })

      rule('rooms come in pages', async (log) => {
        const names = Array.from({ length: 25 }, (_, index) => `r${String(index).padStart(2, '0')}`)
        await Promise.all(names.map((room) => log.append(room, [edit('x')])))
        const pages: string[][] = []
        for (let after = ''; ; after = pages.at(-1)!.at(-1)!) {
          const page = await log.rooms(after, 10)
          if (page.length === 0) break
          pages.push(page)
        }
        expect(pages.map((page) => page.length)).toEqual([10, 10, 5])
        expect(pages.flat()).toEqual(names)
        expect(await log.rooms('r085', 2)).toEqual(['r09', 'r10'])
      })

      rule('a name that UTF-8 cannot hold is an error of that call alone', async (log) => {
        await expect(log.append('\uD800', [edit('x')])).rejects.toThrow(/well-formed/)
        expect(await log.append('r', [edit('x')])).toEqual({ position: 1 })
      })
    })

    describe('life', () => {
      rule('close commits what was handed in; later calls are rejected', async (log) => {
        const appended = log.append('r', [edit('a')])
        const closed = log.close()
        const late = log.append('r', [edit('b')])
        await expect(late).rejects.toThrow(/closed/)
        expect(await appended).toEqual({ position: 1 })
        await closed
        await log.close()
        await expect(log.append('r', [edit('b')])).rejects.toThrow(/closed/)
        await expect(log.load('r')).rejects.toThrow(/closed/)
      })

      rule('an outcome that JSON cannot hold is an error of that call alone', async (log) => {
        const neighbour = log.append('s', [edit('a')])
        const impossible = log.append('r', [edit('a'), { reply: reply('e', 1, { ok: true, output: 1n }) }])
        await expect(impossible).rejects.toThrow(/BigInt/)
        expect(await neighbour).toEqual({ position: 1 })
        expect(await log.load('r')).toMatchObject({ position: 0 })
      })

      ruleWith('reopen', '[S2] everything is there after close and reopening', async (log, bed) => {
        await log.append('r', [edit('a'), { ...edit('b'), reply: reply('e') }, edit('c')])
        await log.compact('r', 2, bytes('ab'))
        log = await reopen(log, bed)
        expect(await texts(log, 'r')).toEqual(['ab|', 'c'])
        expect(await log.replies('r', ['e'])).toEqual([reply('e').outcome])
        expect(await log.append('r', [edit('d')])).toEqual({ position: 4 })
        await log.compact('r', 4, bytes('abcd'))
        log = await reopen(log, bed)
        expect(await log.append('r', [edit('e')])).toEqual({ position: 5 })
        expect(await log.rooms('', 10)).toEqual(['r'])
      })

      ruleWith('crash', '[S2] what was resolved is there after a crash', async (log, bed) => {
        await log.append('r', [edit('a'), { reply: reply('e') }])
        const unanswered = log.append('r', [edit('b')]).catch(() => 'lost')
        await bed.crash!(log)
        await unanswered
        log = await bed.open()
        expect((await texts(log, 'r'))[0]).toBe('a')
        expect(await log.replies('r', ['e'])).toEqual([reply('e').outcome])
      })

      ruleWith(
        'sever',
        '[S3] calls cut off from the storage fail whole, and a retry stores them once',
        async (log, bed) => {
          await log.append('r', [edit('a')])
          const rooms = Array.from({ length: 30 }, (_, index) => `room/${index}`)
          const entries = (room: string) => [edit(room), { ...edit('+'), reply: reply(room) }]
          const appends = rooms.map((room) =>
            log.append(room, entries(room)).then(
              () => null,
              (error) => error,
            ),
          )
          const lookup = log.load('r').then(
            () => null,
            (error) => error,
          )
          await bed.sever!(log)
          const failures = await Promise.all(appends)
          expect(failures.some((failure) => failure instanceof Error)).toBe(true)
          expect(failures.some((failure) => failure instanceof AppendRefused)).toBe(false)
          await lookup
          for (const [index, failure] of failures.entries()) {
            const room = rooms[index]!
            if (failure) expect(await log.append(room, entries(room))).toEqual({ position: 2 })
            expect(await texts(log, room)).toEqual([room, '+'])
          }
          expect(await texts(log, 'r')).toEqual(['a'])
        },
      )
    })

    describe('damage', () => {
      ruleWith(
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
          expect(await log.append('r', [edit('d')])).toEqual({ position: 4 })
          await log.compact('r', 3, bytes('ac'))
          expect(await texts(log, 'r')).toEqual(['ac|', 'd'])
          expect(await log.load('r')).toMatchObject({ position: 4, corrupt: [report] })
          await log.compact('r', 4, bytes('acd'))
          log = await reopen(log, bed)
          expect(await log.load('r')).toMatchObject({ position: 4, corrupt: [report] })
        },
      )

      ruleWith('damage', '[L3] a corrupt snapshot is reported and survives compaction', async (log, bed) => {
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
        expect(await log.append('r', [edit('d')])).toEqual({ position: 4 })
      })

      ruleWith(
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
    })

    test('random steps leave what a trivial model holds', () =>
      checkAgainstModel(makeBed, { reopen: absent.reopen === undefined }))
  })
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (update: Uint8Array): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(update)
export const edit = (content: string): LogEntry & { update: Uint8Array } => ({ update: bytes(content) })

export function reply(eventId: string, at = 1, outcome?: StoredReply['outcome']): StoredReply {
  return { eventId, at, outcome: outcome ?? { ok: true, output: { for: eventId } } }
}

/** The content of a room: `snapshot|`, then the updates. */
export async function texts(log: UpdateLog, room: string): Promise<string[]> {
  const { snapshot, updates } = await log.load(room)
  return [...(snapshot ? [`${text(snapshot)}|`] : []), ...updates.map(text)]
}

async function reopen(log: UpdateLog, bed: LogBed): Promise<UpdateLog> {
  await log.close()
  return bed.open()
}

const isDuplicate = (error: unknown) => error instanceof AppendRefused && error.reason === 'duplicate-event'
