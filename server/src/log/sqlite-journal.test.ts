import { describe, expect, test } from 'vitest'
import { edit, record, texts } from './log-bed.contract.ts'
import { breakPage, leavesOf, sqliteBed, withBed } from './sqlite-bed.contract.ts'
import { openDatabase } from './sqlite-database.ts'
import { packEntry } from './sqlite-entry.ts'
import { newSearch } from './sqlite-journal.ts'
import { finishTurn, newTurn, readTurn, writeRequest } from './sqlite-messages.ts'
import { SqliteStore } from './sqlite-store.ts'

const many = (count: number, event = 'often') =>
  Array.from({ length: count }, (_, at) => ({ journal: record(event, at) }))

describe('a search', () => {
  test('goes on in steps that are short, however little it finds', async () => {
    const bed = sqliteBed()
    const store = new SqliteStore(openDatabase(await bed.folder))
    const turn = newTurn()
    const entries = many(20_000).map(packEntry)
    writeRequest(turn, 1, { kind: 'append', room: 'r', entries, after: 0 })
    for (const [, request] of readTurn(finishTurn(turn)[0]))
      if (request.kind === 'append') store.transaction(() => store.append('r', request.entries))
    const search = newSearch(0, 10, { event: 'rare' })
    const seen: number[] = []
    while (!store.searchJournal('r', search)) seen.push(search.seen)
    expect(search.found).toEqual([])
    expect(seen.length).toBeGreaterThanOrEqual(3)
    for (const [index, position] of seen.entries())
      expect(position - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(5_200)
    store.close()
    await bed.remove()
  })

  withBed('[L3] goes past a broken page, which is reported', async (bed, log) => {
    for (let from = 0; from < 300; from += 3) await log.append('r', many(3))
    await log.append('s', [edit('x'), ...many(2)])
    await log.close()
    await breakPage(bed, (database) => leavesOf(database, 'journal')[4]!)
    log = await bed.open()
    const found = (await log.journal('r', 0, 1000)).map(({ position }) => position)
    expect(found.length).toBeGreaterThan(200)
    expect(found.length).toBeLessThan(300)
    expect([found[0], found.at(-1)]).toEqual([1, 300])
    expect(found).toEqual([...new Set(found)].sort((one, two) => one - two))
    const gap = found.findIndex((position, index) => position !== index + 1)
    const report = { room: 'r', part: 'journal', position: gap + 1, reason: 'its page is broken' }
    expect((await log.load('r')).corrupt).toEqual([report])
    await log.journal('r', 0, 1000)
    expect((await log.load('r')).corrupt).toEqual([report])
    expect(await log.journal('s', 0, 10)).toHaveLength(2)
    expect(await log.append('r', [{ journal: record('e') }])).toEqual({ position: 301 })
  })

  withBed('[L3] is told when rows were renumbered or moved to another room', async (bed, log) => {
    for (const room of ['r', 's'])
      for (let n = 0; n < 4; n++) await log.append(room, [{ journal: record(room, n) }])
    await log.close()
    await bed.tamper((database) => {
      database.exec('UPDATE journal SET key = key + 100 WHERE key & 7 = 2')
      database.exec('UPDATE journal SET latest = latest + 1 WHERE key & 7 = 3')
    })
    log = await bed.open()
    for (const room of ['r', 's']) {
      expect((await log.journal(room, 0, 10)).map(({ position }) => position)).toEqual([1, 4])
      expect((await log.load(room)).corrupt.map(({ position }) => position)).toEqual([3, 102])
    }
  })
})

describe('old rows', () => {
  withBed('of one table are pruned though the other is broken', async (bed, log) => {
    for (let n = 0; n < 100; n++)
      await log.append('r', [
        { journal: record('e', n), reply: { eventId: `${n}`, at: n, outcome: { ok: true, output: n } } },
      ])
    await log.close()
    await breakPage(bed, (database) => leavesOf(database, 'replies')[0]!)
    log = await bed.open()
    await expect(log.prune({ replies: 50, journal: 50 })).rejects.toThrow(/malformed/)
    expect((await log.journal('r', 0, 1))[0]).toMatchObject({ position: 51 })
  })
})

describe('the schema', () => {
  withBed('of the first version is carried on, with all that it holds', async (bed, log) => {
    await log.append('r', ['a', 'b', 'c'].map(edit))
    await log.compact('r', 1, new TextEncoder().encode('a'))
    await log.close()
    await bed.tamper((database) => {
      for (const table of ['tasks', 'reactions', 'journal']) database.exec(`DROP TABLE ${table}`)
      database.exec(`
        ALTER TABLE entries DROP COLUMN author;
        ALTER TABLE snapshots DROP COLUMN note;
        ALTER TABLE damaged DROP COLUMN remark;
        ALTER TABLE damaged DROP COLUMN id;
        ALTER TABLE damaged DROP COLUMN at;
        PRAGMA user_version = 1;`)
    })
    log = await bed.open()
    expect(await log.load('r')).toMatchObject({ note: null, position: 3, reacted: {}, corrupt: [] })
    expect(await texts(log, 'r')).toEqual(['a|', 'b', 'c'])
    await log.append('r', [{ ...edit('d'), by: 'ada', journal: record('e') }])
    expect((await log.load('r')).updates.map(({ by }) => by)).toEqual([null, null, 'ada'])
    expect(await log.journal('r', 0, 10)).toHaveLength(1)
  })
})
