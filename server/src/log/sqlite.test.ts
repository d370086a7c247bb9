import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { shouldCompact } from './compaction.ts'
import { describeUpdateLog } from './log.contract.ts'
import type { UpdateLog } from './log.ts'
import { bytes, edit, reply, text, texts } from './log-bed.contract.ts'
import { sqliteLog } from './sqlite.ts'
import { breakPage, pageOf, roomId, type SqliteBed, sqliteBed, withBed } from './sqlite-bed.contract.ts'
import { openDatabase, pageBytes } from './sqlite-database.ts'

describeUpdateLog('sqlite', sqliteBed)

describe('a data folder', () => {
  withBed('has one owner at a time, and says so', async (bed, log) => {
    await log.append('r', [edit('a')])
    const second = sqliteLog(await bed.folder)
    await expect(second.append('r', [edit('b')])).rejects.toThrow(
      /log is unavailable: the data folder .* is in use by another process/,
    )
    await expect(second.load('r')).rejects.toThrow(/in use/)
    await log.close()
    expect(await second.append('r', [edit('b')])).toEqual({ position: 2 })
    await second.close()
  })

  withBed('of a newer version is left alone', async (bed, log) => {
    await log.close()
    await bed.tamper((database) => database.exec('PRAGMA user_version = 99'))
    await expect(bed.open()).rejects.toThrow(/schema 99 is newer/)
  })

  withBed('keeps what was committed when its thread dies idle, and gets a new one', async (bed, log) => {
    await log.append('r', [edit('a')])
    await bed.sever(log)
    expect(await texts(log, 'r')).toEqual(['a'])
    expect(await log.append('r', [edit('b')])).toEqual({ position: 2 })
  })
})

describe('a commit', () => {
  test('[S2] is fsynced before it is answered, in a file that nobody else may open', async () => {
    const bed = sqliteBed()
    const database = openDatabase(await bed.folder)
    const pragma = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get()!)[0]
    expect(['synchronous', 'journal_mode', 'locking_mode'].map(pragma)).toEqual([2, 'wal', 'exclusive'])
    database.close()
    await bed.remove()
  })

  withBed('is shared by the appends of one turn', async (bed, log) => {
    await Promise.all(rooms(200).map((room) => log.append(room, [edit('a')])))
    const before = await commits(bed)
    await Promise.all(rooms(200).map((room) => log.append(room, [edit('b')])))
    expect((await commits(bed)) - before).toBe(1)
    await Promise.all(rooms(200).map((room) => log.append(room, [{ reply: reply(room) }])))
    expect((await commits(bed)) - before).toBe(2)
  })

  const rooms = (count: number) => Array.from({ length: count }, (_, index) => `room/${index}`)

  /** Commits in the WAL: the frames that say how large the database is after them. */
  async function commits(bed: SqliteBed): Promise<number> {
    const wal = await readFile(join(await bed.folder, 'log.sqlite-wal'))
    let count = 0
    for (let frame = 32; frame < wal.length; frame += 24 + pageBytes)
      if (wal.readUInt32BE(frame + 4) > 0) count++
    return count
  }
})

describe('damage', () => {
  withBed(
    '[L3] rows that were swapped, moved to another room or renumbered are noticed',
    async (bed, log) => {
      for (const room of ['r', 's'])
        await log.append(
          room,
          ['a', 'b', 'c', 'd'].map((n) => edit(room + n)),
        )
      await log.close()
      await bed.tamper((database) => {
        const [r, s] = [roomId(database, 'r'), roomId(database, 's')]
        database.exec(`
        CREATE TEMP TABLE kept AS SELECT * FROM entries;
        UPDATE entries SET (checksum, payload) =
          (SELECT checksum, payload FROM kept WHERE kept.key = CASE entries.key
            WHEN (${r} << 36) + 1 THEN (${r} << 36) + 2
            WHEN (${r} << 36) + 2 THEN (${r} << 36) + 1
            ELSE (${s} << 36) + 3 END)
        WHERE key IN ((${r} << 36) + 1, (${r} << 36) + 2, (${r} << 36) + 3)`)
      })
      log = await bed.open()
      expect(await texts(log, 'r')).toEqual(['rd'])
      expect((await log.load('r')).corrupt.map(({ position }) => position)).toEqual([1, 2, 3])
      expect(await texts(log, 's')).toEqual(['sa', 'sb', 'sc', 'sd'])
    },
  )

  withBed('[L3] rows that vanished are reported', async (bed, log) => {
    await log.append('r', ['a', 'b', 'c', 'd', 'e'].map(edit))
    await log.compact('r', 1, bytes('a'))
    await log.close()
    await bed.tamper((database) => database.exec('DELETE FROM entries WHERE key & 7 IN (2, 3)'))
    log = await bed.open()
    expect(await texts(log, 'r')).toEqual(['a|', 'd', 'e'])
    const report = { room: 'r', part: 'entry', position: 2, reason: 'missing, up to position 3' }
    expect(await log.load('r')).toMatchObject({ position: 5, corrupt: [report] })
  })

  withBed(
    '[L3] a broken page costs the entries on it; other rooms still write in the same commit',
    async (bed, log) => {
      const numbers = Array.from({ length: 400 }, (_, index) => `${index + 1}`)
      for (const room of ['a', 'b', 'c']) await log.append(room, numbers.map(edit))
      await log.close()
      await breakPage(bed, (database) => pageOf(database, 'b', 200))
      log = await bed.open()

      const { updates, position, corrupt } = await log.load('b')
      expect(position).toBe(400)
      expect(corrupt).toHaveLength(1)
      const lost = numbers.slice(corrupt[0]!.position - 1, corrupt[0]!.position - 1 + 400 - updates.length)
      expect(lost).toContain('200')
      expect(updates.map(({ update }) => text(update))).toEqual(
        numbers.filter((number) => !lost.includes(number)),
      )
      for (const room of ['a', 'c']) expect(await texts(log, room)).toEqual(numbers)

      const appends = ['a', 'b', 'c'].map((room) => log.append(room, [edit('401')]))
      expect(await Promise.all(appends)).toEqual(Array(3).fill({ position: 401 }))
      const compactions = await Promise.allSettled(
        ['a', 'b', 'c'].map((room) => log.compact(room, 401, bytes('all'))),
      )
      expect(compactions.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect((await log.load('b')).updates).toHaveLength(updates.length + 1)
    },
  )

  withBed('[L3] an append to a broken page fails alone', async (bed, log) => {
    const numbers = Array.from({ length: 90 }, (_, index) => `${index + 1}`)
    for (const room of ['a', 'b', 'c']) await log.append(room, numbers.map(edit))
    await log.close()
    await breakPage(bed, (database) => pageOf(database, 'b', 90))
    log = await bed.open()
    const rooms = ['d', 'e', 'b', 'f', 'g', 'h']
    const appends = await Promise.allSettled(rooms.map((room) => log.append(room, [edit('x')])))
    expect(appends.map(({ status }) => status)).toEqual(
      rooms.map((room) => (room === 'b' ? 'rejected' : 'fulfilled')),
    )
    for (const room of ['d', 'e', 'f', 'g', 'h']) expect(await texts(log, room)).toEqual(['x'])
    const { corrupt, position } = await log.load('b')
    expect(corrupt).toMatchObject([
      { part: 'entry', position: position + 1, reason: expect.stringMatching(/up to the end/) },
    ])
  })
})

describe('cost', () => {
  const canMeasure = existsSync('/proc/self/io')

  withBed(
    '[S6] one-character edits of a 1 MB room write at most three times what they do in an empty one',
    async (_bed, log) => {
      const empty = await typed(log, 'empty', new Y.Doc(), 10_000)
      const doc = new Y.Doc()
      doc.getText('text').insert(0, 'x'.repeat(1024 * 1024))
      const full = await typed(log, 'full', doc, 10_000)
      expect(full).toBeLessThanOrEqual(3 * empty)
    },
    { skip: !canMeasure },
  )

  /** Bytes written by typing, compaction included, with twenty edits to each append. */
  async function typed(log: UpdateLog, room: string, doc: Y.Doc, edits: number): Promise<number> {
    const first = Y.encodeStateAsUpdate(doc)
    let { position } = await log.append(room, [{ update: first }])
    await log.compact(room, position, first)
    const size = { snapshotBytes: first.length, tailBytes: 0, tailEntries: 0 }
    let updates: Uint8Array[] = []
    doc.on('update', (update) => updates.push(update))
    const start = await bytesWritten()
    for (let done = 0; done < edits; done += 20) {
      for (let n = 0; n < 20; n++) doc.getText('text').insert((done * 7919 + n) % (done + 1), 'a')
      ;({ position } = await log.append(
        room,
        updates.map((update) => ({ update })),
      ))
      size.tailEntries += updates.length
      size.tailBytes += updates.reduce((sum, update) => sum + update.length, 0)
      updates = []
      if (!shouldCompact(size)) continue
      const snapshot = Y.encodeStateAsUpdate(doc)
      await log.compact(room, position, snapshot)
      Object.assign(size, { snapshotBytes: snapshot.length, tailBytes: 0, tailEntries: 0 })
    }
    return (await bytesWritten()) - start
  }

  async function bytesWritten(): Promise<number> {
    return Number(/^write_bytes: (\d+)/m.exec(await readFile('/proc/self/io', 'utf8'))![1])
  }
})
