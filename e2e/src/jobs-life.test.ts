import {
  AppendRefused,
  implement,
  jwt,
  memoryLog,
  type ServerOptions,
  type UpdateLog,
} from '@interplay/server'
import { defineRoom, event } from '@interplay/shared'
import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { heldLog } from './held-log.ts'
import { operate } from './operate.ts'
import { until } from './until.ts'
import { type WorkJob, work, workRoom } from './work-room.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const room = (world: World, id = 'a') => world.server.room(work, { id })
const noted = async (world: World, id = 'a') => (await room(world, id).state()).log
const jobs = async (world: World, name = 'work/a') => (await operate(world, name).jobs()).jobs

/** Jobs that end when the test says so. */
function gated() {
  const runs: { readonly text: string; readonly attempt: number; readonly end: () => void }[] = []
  const code: WorkJob = ({ input, attempt }) =>
    new Promise<void>((end) => runs.push({ text: input.text, attempt, end }))
  return { code, runs }
}

/** A log with some of its methods replaced. */
function logWith(log: UpdateLog, methods: Partial<UpdateLog>): UpdateLog {
  return new Proxy(log, {
    get(target, key) {
      const member: unknown = Reflect.get(key in methods ? methods : target, key)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

test('[E7] a job that is scheduled anew while its end is on its way runs again', async () => {
  const { code, runs } = gated()
  const { log, hold, release } = heldLog()
  await using world = await startWorld({ rooms: [workRoom(code)], log })
  await room(world).dispatch('schedule', { text: 'old', job: 'code', key: 'k' })
  await until(() => runs.length === 1)
  hold()
  const scheduled = room(world).dispatch('schedule', { text: 'new', job: 'code', key: 'k' })
  // The handler has run, and what it asked for is before the end of the run in the order of the log.
  await room(world).state()
  await new Promise((resolve) => setImmediate(resolve))
  runs[0]!.end()
  await new Promise((resolve) => setImmediate(resolve))
  release()
  await scheduled
  await until(() => runs.length === 2)
  expect(runs[1]).toMatchObject({ text: 'new', attempt: 1 })
  runs[1]!.end()
  await until(async () => (await jobs(world)).length === 0)
})

test('[E7] a job that is cancelled while its room is opened for it has no effect', async () => {
  const log = memoryLog()
  let opening: PromiseWithResolvers<void> | null = null
  const slow = logWith(log, {
    load: async (name) => {
      await opening?.promise
      return log.load(name)
    },
  })
  const runs: { end(): void }[] = []
  const code: WorkJob = async ({ change }) => {
    await new Promise<void>((end) => runs.push({ end }))
    await change(({ state }) => state.log.push('too late'))
  }
  await using world = await startWorld({ rooms: [workRoom(code)], log: slow, unloadAfterMs: 5 })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k', afterMs: 200 })
  await until(async () => (await operator.metric('interplay_rooms')) === 0)
  opening = Promise.withResolvers()
  const cancelled = room(world).dispatch('cancel', { key: 'k' })
  await until(async () => (await operator.metric('interplay_tasks_running')) === 1)
  opening.resolve()
  await cancelled
  await until(async () => (await operator.metric('interplay_tasks_running')) === 0)
  expect(await jobs(world)).toEqual([])
  // If it had begun, its end comes too late.
  runs[0]?.end()
  await room(world).dispatch('note', { text: 'last' })
  expect(await noted(world)).toEqual(['last'])
})

test('[E7] a job whose room the log refuses runs again, with the same number', async () => {
  const log = memoryLog()
  let refusing = false
  const refusals = logWith(log, {
    async append(name, entries, after) {
      if (refusing && name === 'work/a') {
        refusing = false
        throw new AppendRefused('misplaced', 'somebody else wrote here')
      }
      return log.append(name, entries, after)
    },
  })
  const errors: unknown[] = []
  const attempts: number[] = []
  const job: WorkJob = async ({ attempt, change }) => {
    attempts.push(attempt)
    refusing = attempts.length === 1
    await change(({ state }) => state.log.push(`${attempt}`)).catch((error) => {
      errors.push(error.code)
      throw error
    })
  }
  await using world = await startWorld({ rooms: [workRoom(job)], log: refusals })
  await room(world).dispatch('schedule', { text: 'x', job: 'code' })
  await until(async () => (await noted(world)).length === 1)
  await until(async () => (await jobs(world)).length === 0)
  expect([attempts, errors, await noted(world)]).toEqual([[1, 1], ['unavailable'], ['1']])
})

test('[E7] a failing log delays the end of a job, and loses none', async () => {
  const { log, hold, release } = heldLog()
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code)], log })
  await room(world).dispatch('schedule', { text: 'x', job: 'code' })
  await until(() => runs.length === 1)
  hold()
  runs[0]!.end()
  await room(world, 'b').state()
  release()
  await until(async () => (await jobs(world)).length === 0)
  expect(runs.length).toBe(1)
})

test('[E7] when more is due than may run, rooms and webhooks do not wait for a room with very much to do', async () => {
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code, { concurrency: 1 })], log: memoryLog() })
  const operator = operate(world, 'work/busy')
  const busy = room(world, 'busy')
  for (let n = 0; n < 10; n++)
    await busy.change(({ schedule }) => {
      for (let k = 0; k < 100; k++) schedule('code', { text: `${n * 100 + k}` }, { at: n * 100 + k })
    })
  await until(() => runs.length === 1)
  await room(world, 'b').dispatch('schedule', { text: 'other', job: 'code' })
  await until(() => runs.length === 2)
  expect(runs[1]!.text).toBe('other')
  // As many as may run at all, in rooms of their own: events for other rooms still leave.
  for (let n = 0; n < 300; n++)
    await room(world, `r${n}`).dispatch('schedule', { text: 'r', job: 'code', at: n })
  await until(() => runs.length === 256)
  await room(world, 'b').dispatch('send', { to: 'c', texts: ['hello'] })
  await until(async () => (await noted(world, 'c')).length === 1)
  expect(await operator.metric('interplay_tasks_late_seconds')).toBeGreaterThan(1_000_000)
  expect(await operator.metric('interplay_tasks_running')).toBe(256)
  for (let n = 0; n < 1_301; n++) {
    await until(() => runs.length > n)
    runs[n]!.end()
  }
  await until(async () => (await operator.metric('interplay_tasks_waiting')) === 0)
  expect(runs.length).toBe(1_301)
  const ofBusy = runs.flatMap(({ text }) => (/^\d+$/.test(text) ? [Number(text)] : []))
  expect(ofBusy).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
  expect(await operator.metric('interplay_tasks_late_seconds')).toBe(0)
})

test('[E7] a job without code is dead, is seen, and runs by hand once there is code', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await startWorld({ rooms: [workRoom()], folder: folder.path })
    await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k', afterMs: 300 })
  }
  const less = implement(
    defineRoom('work/:id', { events: { nothing: event() }, jobs: { run: z.object({}) } }),
  )
    .admit(() => ({ userId: 'operator', canOperate: true }))
    .on({ nothing: () => {} })
    .jobs({ run: () => {} })
  {
    await using world = await startWorld({ rooms: [less], folder: folder.path })
    await until(async () => (await jobs(world))[0]?.state === 'dead')
    expect(await jobs(world)).toMatchObject([
      { jobId: 'k', name: 'code', error: "This server has no code for the job 'code'." },
    ])
  }
  await using world = await startWorld({ rooms: [workRoom()], folder: folder.path })
  expect(await operate(world, 'work/a').metric('interplay_tasks_dead')).toBe(1)
  await operate(world, 'work/a').retry('job/k')
  await until(async () => (await noted(world)).length === 1)
  expect(await noted(world)).toEqual(['x:1'])
})

const secret = 'a secret that is long enough for HS256'
const token = (claims: object) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))

test('[E7] a room whose definition is gone keeps its jobs, is named, and runs them when it is back', async () => {
  const other = implement(defineRoom('other/:id', {}))
  await using world = await startWorld({ rooms: [workRoom(), other], auth: jwt({ secret }) })
  const authorization = `Bearer ${await token({ sub: 'ada', canOperate: true })}`
  const operator = operate(world, 'work/a', { authorization })
  await room(world).dispatch('schedule', { text: 'x', afterMs: 50 })
  world.server.replace([other])
  await until(async () => (await operator.metric('interplay_rooms_without_code')) === 1)
  expect((await operator.jobs()).jobs).toMatchObject([{ state: 'waiting', name: 'run', failures: 0 }])
  expect(world.errors).toEqual([{ room: 'work/a' }])
  world.server.replace([other, workRoom()])
  await until(async () => (await noted(world)).length === 1)
  expect(await operator.metric('interplay_rooms_without_code')).toBe(0)
})

test('[E7] jobs that run when the server closes are told, may put things in order, and run again', async () => {
  await using folder = await temporaryFolder()
  const begun: number[] = []
  const job: WorkJob = async ({ attempt, change, abortSignal }) => {
    begun.push(attempt)
    if (begun.length > 1) return change(({ state }) => state.log.push('ended'))
    await new Promise((resolve) => abortSignal.addEventListener('abort', resolve))
    await change(({ state }) => state.log.push(`so far: ${abortSignal.reason.code}`))
    abortSignal.throwIfAborted()
  }
  {
    await using world = await startWorld({ rooms: [workRoom(job)], folder: folder.path })
    await room(world).dispatch('schedule', { text: 'x', job: 'code' })
    await until(() => begun.length === 1)
    expect(await world.server.close()).toEqual([])
  }
  await using world = await startWorld({ rooms: [workRoom(job)], folder: folder.path })
  await until(async () => (await noted(world)).length === 2)
  expect(await noted(world)).toEqual(['so far: unavailable', 'ended'])
  expect(begun).toEqual([1, 1])
  await until(async () => (await jobs(world)).length === 0)
})

test('[E7] a job that does not end when the server closes keeps it from nothing, and runs again', async () => {
  await using folder = await temporaryFolder()
  const { code, runs } = gated()
  const options: Partial<ServerOptions> = { rooms: [workRoom(code)], closeDeadlineMs: 200 }
  {
    await using world = await startWorld({ ...options, folder: folder.path })
    await room(world).dispatch('schedule', { text: 'x', job: 'code' })
    await until(() => runs.length === 1)
    expect(await world.server.close()).toEqual([])
  }
  runs[0]!.end()
  await using world = await startWorld({ ...options, folder: folder.path })
  await until(() => runs.length === 2)
  expect(runs[1]!.attempt).toBe(1)
  runs[1]!.end()
  await until(async () => (await jobs(world)).length === 0)
})

test('an operator ends a job that waits, that runs, or that is dead', async () => {
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code)] })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'runs' })
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'waits/%23#💡', afterMs: 60_000 })
  await until(() => runs.length === 1)
  expect((await operator.retry('job/runs')).status).toBe(409)
  expect((await operator.retry('job/waits/%23#💡')).status).toBe(409)
  expect((await operator.drop('job/runs')).status).toBe(204)
  expect((await operator.drop('job/waits/%23#💡')).status).toBe(204)
  expect((await operator.drop('job/runs')).status).toBe(404)
  for (const id of ['job/', 'job/nobody', 'queue/x', 'x', '\u{10ffff}'])
    expect((await operator.retry(id)).status).toBe(404)
  expect(await jobs(world)).toEqual([])
})

test('who may not operate a room reads and changes nothing', async () => {
  await using world = await startWorld({ rooms: [workRoom()], openRooms: true, auth: jwt({ secret }) })
  await room(world).dispatch('schedule', { text: 'x', afterMs: 60_000, key: 'k' })
  const as = async (name: string, claims: object) => {
    const operator = operate(world, name, { authorization: `Bearer ${await token(claims)}` })
    return Promise.all([
      operator.jobs().then(
        () => 200,
        (error) => error.message.slice(0, 30),
      ),
      operator.journal().then(
        () => 200,
        (error) => error.message.slice(0, 30),
      ),
      operator.retry('job/k').then(({ status }) => status),
      operator.drop('job/k').then(({ status }) => status),
    ])
  }
  const no = '403: {"error":{"code":"forbidd'
  expect(await as('work/a', { sub: 'ada' })).toEqual([no, no, 403, 403])
  // Where there is an `admit`, it alone says who may.
  expect(await as('work/a', { sub: 'ada', canOperate: true })).toEqual([no, no, 403, 403])
  expect(await as('work/a', { sub: 'anonymous' })).toEqual([200, 200, 409, 204])
  expect(await as('open', { sub: 'ada' })).toEqual([no, no, 403, 403])
  expect(await as('open', { sub: 'ada', canOperate: 'yes' })).toEqual([no, no, 403, 403])
  expect(await as('open', { sub: 'ada', canOperate: true })).toEqual([200, 200, 404, 404])
})

test('tasks and journal come in pages, and a parameter that is none is refused', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  const operator = operate(world, 'work/a')
  await room(world).change(({ schedule }) => {
    for (let n = 0; n < 450; n++)
      schedule('run', { text: 'x' }, { afterMs: 60_000, key: String(n).padStart(3, '0') })
  })
  await room(world).dispatch('send', { to: 'b', event: 'refuse', texts: ['no'] })
  await until(async () => (await operator.jobs({ state: 'dead' })).jobs.length === 1)
  const ids: string[] = []
  for (let after = ''; ; ) {
    const { jobs, next } = await operator.jobs({ limit: 97, after })
    ids.push(...jobs.map(({ id }) => id))
    if (next === undefined) break
    after = next
  }
  expect(ids.length).toBe(451)
  expect(ids.slice(1)).toEqual(Array.from({ length: 450 }, (_, n) => `job/${String(n).padStart(3, '0')}`))
  for (let n = 0; n < 5; n++) await room(world).dispatch('note', { text: `${n}` })
  await expect(room(world).dispatch('refuse', { text: 'x' })).rejects.toMatchObject({ code: 'sold-out' })
  const positions: unknown[] = []
  for (let after = 0; ; ) {
    const { records, next } = await operator.journal({ limit: 2, after, event: 'note', outcome: 'ok' })
    positions.push(...records.map(({ position }) => position))
    if (next === undefined) break
    after = next
  }
  expect(positions.length).toBe(5)
  expect((await operator.journal({ outcome: 'sold-out' })).records).toMatchObject([
    { kind: 'event', event: 'refuse', outcome: 'sold-out', error: 'There are none left', userId: 'server' },
  ])
  const wrong: Record<string, string | number>[] = [
    { limit: 0 },
    { limit: 'x' },
    { limit: 1_001 },
    { state: 'odd' },
  ]
  for (const query of wrong) await expect(operator.jobs(query)).rejects.toThrow(/^400: .*invalid-input/)
  const wrongToo: Record<string, string | number>[] = [{ after: -1 }, { after: 'x' }, { limit: 1.5 }]
  for (const query of wrongToo) await expect(operator.journal(query)).rejects.toThrow(/^400: .*invalid-input/)
})
