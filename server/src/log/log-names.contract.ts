import { expect } from 'vitest'
import { edit, type Rule, reply, texts } from './log-bed.contract.ts'

/** Rooms are kept apart and can be listed. */
export function nameRules(rule: Rule): void {
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
}
