import { expect } from 'vitest'
import { AppendRefused } from './log.ts'
import { bytes, edit, type Rule, reopen, reply, texts } from './log-bed.contract.ts'

/** Closing, crashing, and being cut off. */
export function lifeRules(rule: Rule): void {
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

  rule.with('reopen', '[S2] everything is there after close and reopening', async (log, bed) => {
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

  rule.with('crash', '[S2] what was resolved is there after a crash', async (log, bed) => {
    await log.append('r', [edit('a'), { reply: reply('e') }])
    const unanswered = log.append('r', [edit('b')]).catch(() => 'lost')
    await bed.crash!(log)
    await unanswered
    log = await bed.open()
    expect((await texts(log, 'r'))[0]).toBe('a')
    expect(await log.replies('r', ['e'])).toEqual([reply('e').outcome])
  })

  rule.with(
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
}
