import { statSync } from 'node:fs'
import { join } from 'node:path'
import { sqliteLog, type UpdateLog } from '@interplay/server'
import { describe, expect, test } from 'vitest'
import { audit, brokenPromises, roomOfChaos } from './chaos.ts'
import { ChaosClient } from './chaos-client.ts'
import { readDisk } from './chaos-disk.ts'
import { canLimitFiles, ServerChild } from './server-child.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder } from './world.ts'

interface Fault {
  readonly name: string
  begin(server: ServerChild, folder: string): void
  end(server: ServerChild): void
}

const throwing: Fault = {
  name: 'appends throw',
  begin: (server) => server.tell({ order: 'fail', failing: true }),
  end: (server) => server.tell({ order: 'fail', failing: false }),
}

/** SQLite itself fails here, in its own way. */
const full: Fault = {
  name: 'files cannot grow',
  begin: (server, folder) => server.limitFiles(statSync(join(folder, 'log.sqlite-wal')).size),
  end: (server) => server.limitFiles(null),
}

const closeDeadlineMs = 1_000

/** A server whose disk can fail, and three clients that write and dispatch. */
async function start(fault: Fault) {
  await using stack = new AsyncDisposableStack()
  const { path: folder } = stack.use(await temporaryFolder())
  let server = await ServerChild.start({ folder, port: 0, closeDeadlineMs })
  stack.defer(async () => void (await server.end('SIGKILL')))
  const { ws, http, port } = server
  const clients = ['a', 'b', 'c'].map((name, index) => stack.use(new ChaosClient(ws, name, 4711 + index * 2)))
  const all = (at: string) => until(() => clients.every(({ room }) => room.status.at === at), 60_000)
  await Promise.all(clients.map(({ room }) => room.ready))
  for (const client of clients) client.start()
  await until(() => clients.every(({ tap }) => tap.acknowledgements > 5 && tap.answers.size > 5), 60_000)
  const cleanUp = stack.move()
  return {
    clients,
    all,
    get server() {
      return server
    },
    /** The disk fails from now on, and the server has noticed. */
    async fail() {
      fault.begin(server, folder)
      await untilMetric(http, 'interplay_degraded_rooms', (rooms) => rooms === 1)
    },
    async recover() {
      fault.end(server)
      await untilMetric(http, 'interplay_degraded_rooms', (rooms) => rooms === 0)
    },
    async restart() {
      server = await ServerChild.start({ folder, port, closeDeadlineMs })
    },
    readDisk: () => readDisk(folder, roomOfChaos),
    /** Everything is saved now, everywhere, and once. */
    async finish() {
      for (const client of clients) client.stop()
      await all('synced')
      expect(await audit(clients, server, folder)).toEqual([])
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  }
}

async function untilMetric(http: string, name: string, holds: (value: number) => boolean): Promise<void> {
  for (let value = Number.NaN; Number.isNaN(value) || !holds(value); ) {
    const text = await (await fetch(`${http}/metrics`)).text()
    value = Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? 'absent')
  }
}

describe.each(canLimitFiles ? [throwing, full] : [throwing])('while $name', { timeout: 120_000 }, (fault) => {
  test('[S3] nothing is confirmed and everybody is told; then all is saved, each event once', async () => {
    await using world = await start(fault)
    const { clients, server } = world
    await world.fail()
    const confirmed = () => clients.map(({ tap }) => [tap.acknowledgements, tap.answers.size])
    await world.all('unsaved')
    const before = confirmed()
    await untilMetric(server.http, 'interplay_append_failures_total', (failures) => failures >= 5)
    expect(confirmed()).toEqual(before)
    for (const { room } of clients)
      expect(room.status).toMatchObject({ at: 'unsaved', since: expect.any(Number) })
    await world.recover()
    await world.finish()
  })

  test('[S2] kill -9: what was confirmed is on the disk, the rest comes back from the clients', async () => {
    await using world = await start(fault)
    await world.fail()
    await untilMetric(world.server.http, 'interplay_append_failures_total', (failures) => failures >= 3)
    await world.server.end('SIGKILL')
    await world.all('offline')
    expect([...brokenPromises(world.clients, await world.readDisk())]).toEqual([])
    await world.restart()
    await world.finish()
  })

  test('[S3] SIGTERM ends the server within its deadline, and it says what it could not save', async () => {
    await using world = await start(fault)
    await world.fail()
    const startedAt = performance.now()
    expect(await world.server.end('SIGTERM')).toBe(1)
    expect(performance.now() - startedAt).toBeLessThan(closeDeadlineMs + 3_000)
    expect(world.server.printed).toMatch(/not saved: board\/chaos \(\d+ entries\)/)
    await world.all('offline')
    expect([...brokenPromises(world.clients, await world.readDisk())]).toEqual([])
    await world.restart()
    await world.finish()
  })
})

test('[S3] a room that cannot be read from the disk right now is joined once it can', async () => {
  await using folder = await temporaryFolder()
  const log = sqliteLog(folder.path)
  let failing = true
  const load: UpdateLog['load'] = async (room) => {
    if (failing) throw new Error('the disk does not answer')
    return log.load(room)
  }
  const methods = [
    'append',
    'replies',
    'eventIds',
    'compact',
    'prune',
    'dueTasks',
    'countTasks',
    'tasks',
    'journal',
    'rooms',
    'close',
  ] as const
  const bound = Object.fromEntries(methods.map((method) => [method, log[method].bind(log)]))
  await using world = await startWorld({ log: { ...bound, load } as UpdateLog })
  const room = world.client().openRoom('room')
  await until(() => room.status.at === 'offline' || room.status.at === 'refused')
  expect(room.status).toMatchObject({ at: 'offline', error: { code: 'unavailable' } })
  failing = false
  await room.ready
  expect(room.status).toEqual({ at: 'synced' })
})
