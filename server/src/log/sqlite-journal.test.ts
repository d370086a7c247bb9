import { describe, expect, test } from 'vitest'
import type { LogEntry, UpdateLog } from './log.ts'
import { bytes, edit, record, texts } from './log-bed.contract.ts'
import { breakPage, leavesOf, type SqliteBed, sqliteBed, withBed } from './sqlite-bed.contract.ts'
import { openDatabase } from './sqlite-database.ts'
import { packEntry } from './sqlite-entry.ts'
import { newSearch } from './sqlite-journal.ts'
import { finishTurn, newTurn, readTurn, writeRequest } from './sqlite-messages.ts'
import { SqliteStore } from './sqlite-store.ts'

const many = (count: number, event = 'often') =>
  Array.from({ length: count }, (_, at) => ({ journal: record(event, at) }))

const positions = async (log: UpdateLog, room: string) =>
  (await log.journal(room, 0, 10_000)).map(({ position }) => position)

const damage = async (log: UpdateLog, room: string) =>
  (await log.load(room)).corrupt.map(({ part, position, reason }) => [part, position, reason])

/** The tables without their thread. */
const openStore = async (bed: SqliteBed) => new SqliteStore(openDatabase(await bed.folder))

function append(store: SqliteStore, room: string, entries: readonly LogEntry[]): void {
  const turn = newTurn()
  writeRequest(turn, 1, { kind: 'append', room, entries: entries.map(packEntry), after: undefined })
  for (const [, request] of readTurn(finishTurn(turn)[0]))
    if (request.kind === 'append') store.append(room, request.entries)
}

const compact = (store: SqliteStore, room: string, position: number) =>
  store.compact(room, position, bytes('all'), null)

describe('a search', () => {
  for (const compacted of [0, 9_000, 20_000])
    test(`goes on in short steps, however little it finds: ${compacted} of 20,000 compacted`, async () => {
      const bed = sqliteBed()
      const store = await openStore(bed)
      store.transaction(() => append(store, 'r', many(20_000)))
      store.transaction(() => compact(store, 'r', compacted))
      const search = newSearch(0, 10, { event: 'rare' })
      const seen: number[] = []
      while (!store.searchJournal('r', search)) seen.push(search.seen)
      expect(search.found).toEqual([])
      expect(seen.length).toBeGreaterThanOrEqual(3)
      for (const [index, position] of seen.entries())
        expect(position - (seen[index - 1] ?? 0)).toBeLessThanOrEqual(1_200)
      store.close()
      await bed.remove()
    })

  test('finds each record once, though compactions move them between its steps', async () => {
    const bed = sqliteBed()
    const store = await openStore(bed)
    store.transaction(() => append(store, 'r', many(20_000)))
    const search = newSearch(100, 19_000, {})
    for (let upTo = 3_000; !store.searchJournal('r', search); upTo += 4_500)
      store.transaction(() => compact(store, 'r', Math.min(upTo, 20_000)))
    expect(search.found.map(({ position }) => position)).toEqual(
      Array.from({ length: 19_000 }, (_, index) => index + 101),
    )
    store.close()
    await bed.remove()
  })

  for (const { title, compacted, table } of [
    { title: 'entries', compacted: 0, table: 'entries' },
    { title: 'compacted entries, in the middle', compacted: 280, table: 'journal' },
    { title: 'compacted entries alone', compacted: 300, table: 'journal' },
  ])
    for (const which of ['first', 'middle', 'last'] as const)
      withBed(`[L3] goes past a broken page of ${title}: the ${which}`, async (bed, log) => {
        await log.close()
        const store = await openStore(bed)
        store.transaction(() => {
          for (let from = 0; from < 300; from += 3) {
            append(store, 'r', many(3))
            if (from < compacted) compact(store, 'r', from + 3)
            append(store, 's', many(1))
          }
          compact(store, 's', 100)
        })
        store.close()
        await breakPage(bed, (database) => {
          const leaves = leavesOf(database, table)
          return leaves.at({ first: 0, middle: leaves.length >> 1, last: -1 }[which])!
        })
        log = await bed.open()
        const found = await positions(log, 'r')
        expect(found.length).toBeGreaterThan(100)
        expect(found.length).toBeLessThanOrEqual(300)
        expect(found).toEqual([...new Set(found)].sort((one, two) => one - two))
        if (compacted < 300)
          expect(found.at(-1)).toBe(table === 'entries' && which === 'last' ? found.length : 300)
        if (found.length < 300) {
          const gap = found.findIndex((position, index) => position !== index + 1)
          const first = gap === -1 ? found.length + 1 : gap + 1
          const report = ['journal', first, 'its page is broken']
          expect(await damage(log, 'r')).toContainEqual(report)
          await positions(log, 'r')
          const reports = (await damage(log, 'r')).filter(([part]) => part === 'journal')
          expect(reports).toEqual([report])
        }
        if (which !== 'last') expect(await positions(log, 's')).toHaveLength(100)
      })

  withBed('[L3] is told when records were renumbered or moved to another room', async (bed, log) => {
    for (const room of ['r', 's'])
      for (let n = 0; n < 8; n++) {
        await log.append(room, [{ journal: record(room, n) }])
        if (n < 4) await log.compact(room, n + 1, bytes('all'))
      }
    await log.close()
    await bed.tamper((database) => {
      database.exec('UPDATE journal SET payload = (SELECT max(payload) FROM journal) WHERE key & 7 = 2')
      database.exec('UPDATE journal SET latest = latest + 1 WHERE key & 7 = 3')
      database.exec('UPDATE entries SET journal = (SELECT max(journal) FROM entries) WHERE key & 7 = 6')
      database.exec('UPDATE entries SET journal_checksum = NULL WHERE key & 7 = 7')
    })
    log = await bed.open()
    for (const room of ['r', 's']) {
      expect(await positions(log, room)).toEqual([1, 4, 5, 8])
      expect((await log.load(room)).corrupt.map(({ part, position }) => [part, position])).toEqual([
        ['journal', 2],
        ['journal', 3],
        ['journal', 6],
        ['journal', 7],
      ])
    }
  })

  withBed('[L2] [L3] is told of a record that a compaction found damaged', async (bed, log) => {
    for (let n = 0; n < 3; n++) await log.append('r', [{ ...edit(`${n}`), journal: record('e', n) }])
    await log.close()
    await bed.damage('r', 'journal', 2)
    log = await bed.open()
    await log.compact('r', 3, bytes('012'))
    expect(await positions(log, 'r')).toEqual([1, 3])
    expect(await damage(log, 'r')).toEqual([['journal', 2, expect.stringMatching('set aside')]])
  })
})

describe('old rows', () => {
  withBed('of one table are pruned though the other is broken', async (bed, log) => {
    for (let n = 0; n < 100; n++) {
      const outcome = { ok: true as const, output: n }
      await log.append('r', [{ journal: record('e', n), reply: { eventId: `${n}`, at: n, outcome } }])
      if (n === 30) await log.compact('r', 31, bytes('all'))
    }
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
        ALTER TABLE entries DROP COLUMN journal_checksum;
        ALTER TABLE entries DROP COLUMN journal;
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
