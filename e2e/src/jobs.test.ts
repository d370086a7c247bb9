import { expect, test } from 'vitest'
import { operate } from './operate.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { note, type WorkJob, work, workRoom } from './work-room.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const room = (world: World, id = 'a') => world.server.room(work, { id })
const noted = async (world: World, id = 'a') => (await room(world, id).state()).log

/** A job that says when it runs, and ends when it is told to. */
function gated() {
  const runs: {
    readonly input: { readonly text: string }
    readonly attempt: number
    end(error?: Error): void
  }[] = []
  const aborted: unknown[] = []
  const code: WorkJob = ({ input, attempt, abortSignal }) =>
    new Promise<void>((resolve, reject) => {
      runs.push({ input, attempt, end: (error) => (error ? reject(error) : resolve()) })
      abortSignal.addEventListener('abort', () => {
        aborted.push(abortSignal.reason.code)
        reject(abortSignal.reason)
      })
    })
  return { code, runs, aborted }
}

test('[E7] a job runs once, not before its time, with the state that was committed with it', async () => {
  const lateBy: number[] = []
  const job: WorkJob = (context) => {
    lateBy.push(Date.now() - context.plannedAt)
    return note(context)
  }
  await using world = await startWorld({ rooms: [workRoom(job)] })
  const at = Date.now() + 60
  await room(world).dispatch('schedule', { text: 'at', job: 'code', at })
  await room(world).dispatch('schedule', { text: 'after', job: 'code', afterMs: 60 })
  await until(async () => (await noted(world)).length === 2)
  expect(Math.min(...lateBy)).toBeGreaterThanOrEqual(0)
  expect(Date.now()).toBeGreaterThanOrEqual(at)
  const { log, asked } = await room(world).state()
  expect([...log].sort()).toEqual(['after:1', 'at:1'])
  expect(asked).toBe(2)
  await until(async () => (await operate(world, 'work/a').jobs()).jobs.length === 0)
})

test('[E3] a handler that fails has scheduled and sent nothing', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  await expect(room(world).dispatch('schedule-and-throw')).rejects.toMatchObject({ code: 'internal' })
  expect((await operate(world, 'work/a').jobs()).jobs).toEqual([])
  await room(world).dispatch('schedule', { text: 'sign' })
  await until(async () => (await noted(world)).length === 1)
  expect(await room(world).state()).toMatchObject({ log: ['sign:1'], asked: 1 })
  expect(await noted(world, 'never')).toEqual([])
})

test('a key replaces the job of the same key, and cancels one that waits', async () => {
  await using world = await startWorld({ rooms: [workRoom()] })
  const operator = operate(world, 'work/a')
  expect(await room(world).dispatch('schedule', { text: 'old', afterMs: 60_000, key: 'k' })).toBe('k')
  await room(world).dispatch('schedule', { text: 'other', afterMs: 60_000, key: 'other' })
  await room(world).dispatch('schedule', { text: 'new', afterMs: 0, key: 'k' })
  await until(async () => (await noted(world)).length === 1)
  await room(world).dispatch('cancel', { key: 'other' })
  await room(world).dispatch('cancel', { key: 'nobody' })
  expect(await noted(world)).toEqual(['new:1'])
  await until(async () => (await operator.jobs()).jobs.length === 0)
})

test('a job that runs and is cancelled is told, and changes nothing any more', async () => {
  const steps: unknown[] = []
  const job: WorkJob = async ({ change, abortSignal }) => {
    await change(({ state }) => state.status.set('begun'))
    await new Promise((resolve) => abortSignal.addEventListener('abort', resolve))
    await change(({ state }) => state.status.set('ended')).catch((error) => steps.push(error.code))
  }
  await using world = await startWorld({ rooms: [workRoom(job)] })
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k' })
  await until(async () => (await room(world).state()).status === 'begun')
  await room(world).dispatch('cancel', { key: 'k' })
  await until(() => steps.length === 1)
  expect(steps).toEqual(['cancelled'])
  expect((await room(world).state()).status).toBe('begun')
  expect((await operate(world, 'work/a').jobs()).jobs).toEqual([])
})

test('a job that is replaced while it runs is told, and the new one runs once', async () => {
  const { code, runs, aborted } = gated()
  await using world = await startWorld({ rooms: [workRoom(code)] })
  await room(world).dispatch('schedule', { text: 'old', job: 'code', key: 'k' })
  await until(() => runs.length === 1)
  await room(world).dispatch('schedule', { text: 'new', job: 'code', key: 'k' })
  await until(() => runs.length === 2)
  expect(aborted).toEqual(['cancelled'])
  expect(runs[1]).toMatchObject({ input: { text: 'new' }, attempt: 1 })
  runs[1]!.end()
  await until(async () => (await operate(world, 'work/a').jobs()).jobs.length === 0)
  expect(runs.length).toBe(2)
})

test('a failing job is tried again with its number, then is dead, is seen, and is tried again by hand', async () => {
  let isFixed = false
  const attempts: number[] = []
  const job: WorkJob = async ({ attempt, change }) => {
    attempts.push(attempt)
    if (!isFixed) throw new Error(`no luck at attempt ${attempt}`)
    await change(({ state }) => state.log.push(`fixed:${attempt}`))
  }
  await using world = await startWorld({ rooms: [workRoom(job)] })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k', attempts: 3, backoffMs: 5 })
  await until(async () => (await operator.jobs()).jobs[0]?.state === 'dead')
  expect(attempts).toEqual([1, 2, 3])
  expect((await operator.jobs()).jobs).toMatchObject([
    {
      id: 'job/k',
      jobId: 'k',
      kind: 'job',
      name: 'code',
      input: { text: 'x' },
      due: null,
      failures: 3,
      error: 'no luck at attempt 3',
    },
  ])
  expect(await operator.metric('interplay_tasks_dead')).toBe(1)
  expect(await operator.metric('interplay_tasks_total{kind="job",outcome="dead"}')).toBe(1)
  expect(await operator.metric('interplay_tasks_total{kind="job",outcome="failed"}')).toBe(3)
  isFixed = true
  expect((await operator.retry('job/k')).status).toBe(204)
  await until(async () => (await operator.jobs()).jobs.length === 0)
  expect(await noted(world)).toEqual(['fixed:1'])
  const { records } = await operator.journal({ event: 'code' })
  expect(records.map(({ outcome, attempt }) => `${outcome} ${attempt}`)).toEqual([
    'failed 1',
    'failed 2',
    'failed 3',
    'ok 1',
  ])
})

test('a step of a job takes effect as a whole, durably, or not at all', async () => {
  await using folder = await temporaryFolder()
  const seen: unknown[] = []
  const job: WorkJob = async ({ change }) => {
    const length = await change(({ state }) => {
      state.log.push('one')
      return state.log.push('two')
    })
    seen.push(length)
    const failing = change(({ state, schedule, fail }) => {
      state.log.push('three')
      schedule('run', { text: 'never' }, { afterMs: 0 })
      fail('conflict', 'No.')
    })
    seen.push(await failing.catch((error) => error.code))
    // Nobody waits for this one.
    void change(() => {
      throw new Error('a bug in a step')
    })
  }
  {
    await using world = await startWorld({ rooms: [workRoom(job)], folder: folder.path })
    await room(world).dispatch('schedule', { text: 'x', job: 'code' })
    await until(async () => (await operate(world, 'work/a').jobs()).jobs.length === 0)
    expect(seen[1]).toBe('conflict')
  }
  await using world = await startWorld({ rooms: [workRoom(job)], folder: folder.path })
  expect(await noted(world)).toEqual(['one', 'two'])
})

test('a job that takes too long is told, is tried again, and changes nothing any more', async () => {
  const late = Promise.withResolvers<void>()
  const ends: string[] = []
  const job: WorkJob = async ({ attempt, change, abortSignal }) => {
    if (attempt > 1) return change(({ state }) => state.log.push('second'))
    abortSignal.addEventListener('abort', () => ends.push(abortSignal.reason.code))
    await late.promise
    await change(({ state }) => state.log.push('first')).catch((error) => ends.push(error.code))
  }
  await using world = await startWorld({ rooms: [workRoom(job, { timeoutMs: 30 })] })
  await room(world).dispatch('schedule', { text: 'x', job: 'code' })
  await until(async () => (await noted(world)).length === 1)
  late.resolve()
  await until(() => ends.length === 2)
  expect(ends).toEqual(['deadline-exceeded', 'deadline-exceeded'])
  expect(await noted(world)).toEqual(['second'])
})

test('so many jobs of a name run at once in a room, and others do not wait for them', async () => {
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code, { concurrency: 2 })] })
  for (const text of ['1', '2', '3', '4', '5'])
    await room(world).dispatch('schedule', { text, job: 'code', at: Number(text) })
  await room(world).dispatch('schedule', { text: 'other' })
  await room(world, 'b').dispatch('schedule', { text: 'elsewhere', job: 'code' })
  await until(() => runs.length === 3)
  await until(async () => (await noted(world)).length === 1)
  expect(runs.map(({ input }) => input.text)).toEqual(['1', '2', 'elsewhere'])
  for (let index = 0; index < 6; index++) {
    await until(() => runs.length > index)
    runs[index]!.end()
  }
  await until(async () => (await operate(world, 'work/a').jobs()).jobs.length === 0)
  expect(runs.map(({ input }) => input.text)).toEqual(['1', '2', 'elsewhere', '3', '4', '5'])
})

test('a room is not kept in memory by jobs that wait, and is opened for them', async () => {
  await using world = await startWorld({ rooms: [workRoom()], unloadAfterMs: 20 })
  const operator = operate(world, 'work/a')
  await room(world).dispatch('schedule', { text: 'x', afterMs: 400 })
  await until(async () => (await operator.metric('interplay_rooms')) === 0)
  expect((await operator.jobs()).jobs).toMatchObject([{ state: 'waiting', name: 'run' }])
  await until(async () => (await operator.journal({ event: 'run' })).records.length === 1)
  await until(async () => (await operator.metric('interplay_rooms')) === 0)
  expect(await noted(world)).toEqual(['x:1'])
})

test('clients hear how far a job is, also those who come later', async () => {
  const gate = Promise.withResolvers<void>()
  const job: WorkJob = async ({ attempt, progress }) => {
    if (attempt === 1) throw new Error('not yet')
    const done = { done: 1 }
    progress(done)
    done.done = 99
    expect(() => progress(1n)).toThrow('JSON cannot hold this progress')
    for (let index = 2; index <= 50; index++) progress({ done: index })
    await gate.promise
  }
  await using world = await startWorld({ rooms: [workRoom(job)] })
  using first = await (await WireClient.connect(world)).join('work/a')
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k' })
  const frames = (client: WireClient) =>
    client.runtime.flatMap((frame) => (frame.kind === 'job' ? [frame.job] : []))
  const running = { id: 'k', name: 'code', at: 'running', attempt: 2 }
  await until(() => frames(first).length === 5)
  expect(frames(first)).toEqual([
    { id: 'k', name: 'code', at: 'running', attempt: 1 },
    { id: 'k', name: 'code', at: 'waiting', attempt: 1, error: 'not yet' },
    running,
    { ...running, progress: { done: 1 } },
    { ...running, progress: { done: 50 } },
  ])
  using second = await (await WireClient.connect(world)).join('work/a')
  await until(() => frames(second).length === 1)
  expect(frames(second)).toEqual([{ ...running, progress: { done: 50 } }])
  expect((await operate(world, 'work/a').jobs()).jobs).toMatchObject([
    { state: 'running', progress: { done: 50 } },
  ])
  gate.resolve()
  await until(() => frames(second).length === 2)
  expect(frames(second)[1]).toEqual({ id: 'k', name: 'code', at: 'done', attempt: 2 })
  expect(frames(first).length).toBe(6)
})

test('clients hear once of a job that is cancelled, replaced or dead', async () => {
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code)] })
  using client = await (await WireClient.connect(world)).join('work/a')
  const said = () =>
    client.runtime.flatMap((frame) => (frame.kind === 'job' ? [`${frame.job.at} ${frame.job.attempt}`] : []))
  await room(world).dispatch('schedule', { text: 'x', job: 'code', key: 'k' })
  await until(() => runs.length === 1)
  await room(world).dispatch('schedule', { text: 'y', job: 'code', key: 'k' })
  await until(() => runs.length === 2)
  await room(world).dispatch('cancel', { key: 'k' })
  await until(() => said().length === 4)
  expect(said()).toEqual(['running 1', 'waiting 1', 'running 1', 'cancelled 1'])
  await room(world).dispatch('schedule', { text: 'z', job: 'code', key: 'k', attempts: 1 })
  await until(() => runs.length === 3)
  runs[2]!.end(new Error('no'))
  await until(() => said().length === 6)
  expect(said().slice(4)).toEqual(['running 1', 'failed 1'])
  using late = await (await WireClient.connect(world)).join('work/a')
  expect(late.runtime.filter(({ kind }) => kind === 'job')).toMatchObject([
    { job: { id: 'k', at: 'failed', error: 'no' } },
  ])
  expect((await operate(world, 'work/a').jobs()).jobs).toMatchObject([{ state: 'dead', error: 'no' }])
})

test('[D1] a job that runs ends on the old code, and the next attempt is the new', async () => {
  const { code, runs } = gated()
  await using world = await startWorld({ rooms: [workRoom(code)] })
  await room(world).dispatch('schedule', { text: 'x', job: 'code' })
  await until(() => runs.length === 1)
  world.server.replace([
    workRoom(({ input, attempt, change }) =>
      change(({ state }) => state.log.push(`new code, ${input.text}:${attempt}`)),
    ),
  ])
  runs[0]!.end(new Error('the old code fails'))
  await until(async () => (await noted(world)).length === 1)
  expect(await noted(world)).toEqual(['new code, x:2'])
})
