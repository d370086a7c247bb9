import { describe, expect, test } from 'vitest'
import { edit, reopen, task, texts } from './log-bed.contract.ts'
import { breakPage, leavesOf, sqliteBed, withBed } from './sqlite-bed.contract.ts'
import { openDatabase } from './sqlite-database.ts'
import { TaskTable } from './sqlite-tasks.ts'

const always = Number.MAX_SAFE_INTEGER
const numbers = Array.from({ length: 200 }, (_, index) => index)
const name = (number: number) => `t${String(number).padStart(3, '0')}`
const long = (number: number) => task(name(number), number, JSON.stringify({ number, text: 'x'.repeat(100) }))

describe('what is due', () => {
  test('[E7] is read off an index, however many tasks there are', async () => {
    const bed = sqliteBed()
    const database = openDatabase(await bed.folder)
    const asked: string[] = []
    const prepare = database.prepare.bind(database)
    database.prepare = (sql) => {
      asked.push(sql)
      return prepare(sql)
    }
    new TaskTable(database, () => {})
    const due = asked.find((sql) => sql.includes('ORDER BY due'))!
    const plan = prepare(`EXPLAIN QUERY PLAN ${due}`).all(1, 1, 1, Buffer.from(''), 1)
    expect(plan.map(({ detail }) => detail)).toEqual([
      'SEARCH tasks USING INDEX tasks_by_due ((due,room,id)>(?,?,?) AND due<?)',
      'SEARCH rooms USING INTEGER PRIMARY KEY (rowid=?)',
    ])
    database.close()
    await bed.remove()
  })

  withBed('[L3] [E7] is found though a page of the tasks is broken', async (bed, log) => {
    await log.append('a', [{ tasks: numbers.map((number) => ({ put: long(number) })) }])
    await log.append('b', [edit('x'), { tasks: [{ put: task('last', 1000) }] }])
    await log.close()
    await breakPage(bed, (database) => leavesOf(database, 'tasks')[3]!)
    log = await bed.open()
    const due = await log.dueTasks(always, 1000)
    expect(due.length).toBeGreaterThan(150)
    expect(due.length).toBeLessThan(201)
    expect(due.at(-1)).toEqual({ room: 'b', ...task('last', 1000) })
    expect(await log.dueTasks(always, 30)).toEqual(due.slice(0, 30))
    expect(await log.dueTasks(always, 30, due[29])).toEqual(due.slice(30, 60))
    const ofRoom = await log.tasks('a', '', 1000)
    for (const { room, ...task } of due) if (room === 'a') expect(ofRoom).toContainEqual(task)
    expect(ofRoom.length).toBeLessThan(200)
    expect(await log.tasks('a', name(100), 5)).toEqual(ofRoom.filter(({ id }) => id > name(100)).slice(0, 5))
    expect((await log.load('a')).corrupt).toMatchObject([
      { part: 'task', reason: expect.stringMatching(/malformed/) },
    ])
    expect((await log.load('b')).corrupt).toEqual([])
    expect(await texts(log, 'b')).toEqual(['x'])
    const first = due.at(0)!
    await log.append('a', [{ tasks: [{ drop: first.id }] }])
    expect((await log.dueTasks(always, 1))[0]).toEqual(due[1])
  })

  withBed('[L3] [E7] is found though a page of the index is broken', async (bed, log) => {
    await log.append('a', [{ tasks: numbers.map((number) => ({ put: long(number) })) }])
    await log.close()
    await breakPage(bed, (database) => leavesOf(database, 'tasks_by_due')[1]!)
    log = await bed.open()
    const due = await log.dueTasks(always, 1000)
    expect(due).toEqual(numbers.map((number) => ({ room: 'a', ...long(number) })))
    expect(await log.dueTasks(150, 10, due[100])).toEqual(due.slice(101, 111))
  })
})

describe('a damaged task', () => {
  withBed('[L3] [E7] whose time has changed is noticed, on time or by a load', async (bed, log) => {
    await log.append('r', [{ tasks: numbers.slice(0, 5).map((number) => ({ put: long(number) })) }])
    await log.close()
    await bed.tamper((database) => {
      database.prepare('UPDATE tasks SET due = NULL WHERE id = ?').run(Buffer.from(name(1)))
      database.prepare('UPDATE tasks SET due = 1e15 WHERE id = ?').run(Buffer.from(name(2)))
      database.prepare('UPDATE tasks SET due = -1 WHERE id = ?').run(Buffer.from(name(3)))
    })
    log = await bed.open()
    const ids = async () => (await log.load('r')).corrupt.map(({ id }) => id).sort()
    expect(await ids()).toEqual([name(1), name(2), name(3)])
    expect((await log.dueTasks(100, 10)).map(({ id }) => id)).toEqual([name(0), name(4)])
    expect((await log.tasks('r', '', 10)).map(({ id }) => id)).toEqual([name(0), name(4)])
    log = await reopen(log, bed)
    expect(await ids()).toEqual([name(1), name(2), name(3)])
  })

  withBed('[L3] [E7] that strayed into another room is not run there', async (bed, log) => {
    for (const room of ['r', 's']) await log.append(room, [{ tasks: [{ put: task(room, 1) }] }])
    await log.close()
    await bed.tamper((database) => database.exec('UPDATE tasks SET room = (SELECT max(room) FROM tasks)'))
    log = await bed.open()
    expect(await log.dueTasks(10, 10)).toEqual([{ room: 's', ...task('s', 1) }])
    expect((await log.load('s')).corrupt).toMatchObject([{ part: 'task', id: 'r' }])
  })

  withBed(
    '[L3] [E7] hides behind no page of others',
    async (bed, log) => {
      await log.append('r', [{ tasks: numbers.map((number) => ({ put: long(number) })) }])
      await log.close()
      await bed.tamper((database) =>
        database.exec('UPDATE tasks SET checksum = checksum + 1 WHERE due < 190'),
      )
      log = await bed.open()
      expect((await log.dueTasks(always, 3)).map(({ due }) => due)).toEqual([190, 191, 192])
      expect((await log.load('r')).corrupt).toHaveLength(190)
      expect((await log.tasks('r', '', 1000)).map(({ due }) => due)).toEqual(numbers.slice(190))
    },
    { timeout: 60_000 },
  )
})
