import { expect, test } from 'vitest'
import { operate } from './operate.ts'
import { until } from './until.ts'
import { type WorkJob, work, workRoom } from './work-room.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

const room = (world: World, id = 'a') => world.server.room(work, { id })
const noted = async (world: World) => (await room(world).state()).log
const jobs = async (world: World) => (await operate(world, 'work/a').jobs()).jobs

/** Notes when it was meant to run. */
const planned: WorkJob = ({ plannedAt, change }) =>
  change(({ state }) => state.log.push(new Date(plannedAt).toISOString()))

/** A clock that tests set. */
function clockAt(time: string) {
  let now = Date.parse(time)
  return {
    clock: () => now,
    set: (time: string) => {
      now = Date.parse(time)
    },
    pass: (ms: number) => {
      now += ms
    },
  }
}

/** Lets the clock jump to right behind each of these times; resolves to what the jobs noted. */
async function runThrough(world: World, clock: ReturnType<typeof clockAt>, times: readonly string[]) {
  const before = (await noted(world)).length
  for (const [index, time] of times.entries()) {
    clock.set(time)
    await until(async () => (await noted(world)).length > before + index)
  }
  return (await noted(world)).slice(before)
}

test.each([
  {
    change: 'forward: a time that is left out is made up for',
    cron: '30 2 * * *',
    start: '2026-03-27T12:00:00Z',
    times: [
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
      '2026-03-31T00:30:00.000Z',
    ],
  },
  {
    change: 'back: a time that comes twice counts once',
    cron: '30 2 * * *',
    start: '2026-10-23T12:00:00Z',
    times: ['2026-10-24T00:30:00.000Z', '2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z'],
  },
  {
    change: 'back: every hour is an hour',
    cron: '0 * * * *',
    start: '2026-10-24T22:30:00Z',
    times: [
      '2026-10-24T23:00:00.000Z',
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ],
  },
])(
  '[E7] a recurring job keeps to the time of its zone when clocks are set $change',
  async ({ cron, start, times }) => {
    const clock = clockAt(start)
    await using world = await startWorld({ rooms: [workRoom(planned)], clock: clock.clock })
    await room(world).dispatch('schedule', {
      text: 'x',
      job: 'code',
      cron,
      timeZone: 'Europe/Berlin',
      key: 'k',
    })
    expect(await runThrough(world, clock, times)).toEqual(times)
    await until(async () => (await jobs(world))[0]?.state === 'waiting')
    expect(await jobs(world)).toMatchObject([{ cron, timeZone: 'Europe/Berlin', failures: 0 }])
  },
)

test.each([
  { missed: 'once' as const, expected: ['2026-05-01T10:00:00.000Z', '2026-05-01T15:00:00.000Z'] },
  { missed: 'skip' as const, expected: ['2026-05-01T15:00:00.000Z'] },
])('[E7] times that passed while no server ran: $missed', async ({ missed, expected }) => {
  await using folder = await temporaryFolder()
  const clock = clockAt('2026-05-01T09:30:00Z')
  const start = () => startWorld({ rooms: [workRoom(planned)], folder: folder.path, clock: clock.clock })
  {
    await using world = await start()
    await room(world).dispatch('schedule', { text: 'x', job: 'code', cron: '0 * * * *', missed, key: 'k' })
  }
  clock.set('2026-05-01T14:20:00Z')
  await using world = await start()
  await until(async () => (await jobs(world))[0]?.due === Date.parse('2026-05-01T15:00:00Z'))
  clock.set('2026-05-01T15:00:01Z')
  await until(async () => (await noted(world)).length === expected.length)
  expect(await noted(world)).toEqual(expected)
})

test('a recurring job that fails is tried again, then waits for its next time with the error, and goes on', async () => {
  const clock = clockAt('2026-05-01T09:30:00Z')
  const attempts: string[] = []
  const job: WorkJob = ({ attempt, plannedAt }) => {
    attempts.push(`${new Date(plannedAt).getUTCHours()}:${attempt}`)
    if (plannedAt < Date.parse('2026-05-01T11:00:00Z')) throw new Error('no luck')
  }
  await using world = await startWorld({ rooms: [workRoom(job)], clock: clock.clock })
  const rule = { cron: '0 * * * *', missed: 'skip' as const, key: 'k', attempts: 2, backoffMs: 2 * minuteMs }
  await room(world).dispatch('schedule', { text: 'x', job: 'code', ...rule })
  clock.set('2026-05-01T10:00:00Z')
  await until(() => attempts.length === 1)
  // More than a minute late, but it was not missed.
  clock.pass(2 * minuteMs)
  await until(() => attempts.length === 2)
  await until(async () => (await jobs(world))[0]?.due === Date.parse('2026-05-01T11:00:00Z'))
  expect(await jobs(world)).toMatchObject([{ state: 'waiting', failures: 0, error: 'no luck' }])
  clock.set('2026-05-01T11:00:00Z')
  await until(() => attempts.length === 3)
  await until(async () => (await jobs(world))[0]?.due === Date.parse('2026-05-01T12:00:00Z'))
  expect((await jobs(world))[0]).not.toHaveProperty('error')
  expect(attempts).toEqual(['10:1', '10:2', '11:1'])
})

test('a recurring job ends itself in a step of its own, and a job that sets itself anew runs on', async () => {
  const job: WorkJob = async ({ id, input, change, abortSignal }) => {
    const count = await change(({ state, cancel, schedule }) => {
      state.log.push(input.text)
      const count = state.log.length
      if (input.text === 'recurring') cancel(id)
      else if (count < 4) schedule('code', { text: `${count}` }, { afterMs: 0, key: id })
      return count
    })
    // Its own doing neither aborts it nor ends its right to change the room.
    await change(({ state }) => state.status.set(`${count} aborted: ${abortSignal.aborted}`))
  }
  const clock = clockAt('2026-05-01T09:59:59Z')
  await using world = await startWorld({ rooms: [workRoom(job)], clock: clock.clock })
  await room(world).dispatch('schedule', { text: 'recurring', job: 'code', cron: '* * * * * *' })
  clock.pass(1_000)
  await until(async () => (await room(world).state()).status === '1 aborted: false')
  expect(await jobs(world)).toEqual([])
  await room(world).dispatch('schedule', { text: 'anew', job: 'code', key: 'k' })
  await until(async () => (await room(world).state()).status === '4 aborted: false')
  await until(async () => (await jobs(world)).length === 0)
  expect(await noted(world)).toEqual(['recurring', 'anew', '2', '3'])
})

test('a rule without a time to come ends, and one that is none is refused', async () => {
  const clock = clockAt('2026-05-01T09:30:00Z')
  await using world = await startWorld({ rooms: [workRoom(planned)], clock: clock.clock })
  const schedule = (rule: { cron: string; timeZone?: string }) =>
    room(world).dispatch('schedule', { text: 'x', job: 'code', ...rule })
  await schedule({ cron: '0 0 10 1 5 * 2026' })
  clock.set('2026-05-01T10:00:00Z')
  await until(async () => (await noted(world)).length === 1)
  await until(async () => (await jobs(world)).length === 0)
  for (const rule of [
    { cron: 'every day' },
    { cron: '60 * * * *' },
    { cron: '0 0 31 2 *' },
    { cron: '0 0 10 1 5 * 2026' },
    { cron: '* * * * *', timeZone: 'Mars/Phobos' },
  ])
    await expect(schedule(rule)).rejects.toMatchObject({ code: 'invalid-input' })
  expect(await jobs(world)).toEqual([])
})

test('what cannot be scheduled is refused, and the room lives', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  const schedule = (how: object) => room(world).dispatch('schedule', { text: 'x', afterMs: 0, ...how })
  for (const how of [
    { key: '' },
    { key: 'x'.repeat(129) },
    { key: '\uD800' },
    { afterMs: -1 },
    { attempts: 0 },
    { attempts: 1.5 },
    { backoffMs: -1 },
  ])
    await expect(schedule(how)).rejects.toMatchObject({ code: 'invalid-input' })
  await room(world).dispatch('cancel', { key: '\uDFFF' })
  await schedule({ key: '💡/#?' })
  await until(async () => (await noted(world)).length === 1)
})

test('[E7] a time beyond what a timer can hold is kept, and a clock that is set forward is noticed', async () => {
  const clock = clockAt('2026-05-01T00:00:00Z')
  await using world = await startWorld({ rooms: [workRoom(planned)], clock: clock.clock })
  await room(world).dispatch('schedule', { text: 'x', job: 'code', afterMs: 60 * dayMs })
  await room(world).dispatch('schedule', { text: 'x', job: 'code', at: 1e300, key: 'never' })
  await room(world).dispatch('schedule', { text: 'x', job: 'code', at: Date.parse('2026-05-01T00:10:00Z') })
  expect(await noted(world)).toEqual([])
  clock.set('2026-05-01T00:10:00Z')
  await until(async () => (await noted(world)).length === 1)
  // Set back: what is due later waits for it again.
  clock.set('2026-04-30T00:00:00Z')
  await room(world).dispatch('schedule', { text: 'x', job: 'code', afterMs: 10 })
  clock.pass(10)
  await until(async () => (await noted(world)).length === 2)
  clock.set('2026-07-01T00:00:00Z')
  await until(async () => (await noted(world)).length === 3)
  await until(async () => (await jobs(world)).length === 1)
  expect(await jobs(world)).toMatchObject([{ jobId: 'never' }])
})
