import { expect, test } from 'vitest'
import { everyDeath, Mortal } from './crashes.ts'
import { operate } from './operate.ts'
import { until } from './until.ts'
import { temporaryFolder } from './world.ts'

test('[E7] [L1] a job that was scheduled with a change runs if the change was made, wherever the server is killed', {
  timeout: 180_000,
}, async () => {
  await using folder = await temporaryFolder()
  await using server = new Mortal({ folder: folder.path })
  await server.start()
  const deaths = everyDeath(3)
  for (const [index, death] of deaths.entries()) {
    const name = `work/r${index}`
    // Three appends: the event with its job, the step of the job, the end of the job.
    const ask = () => server.dispatch(name, 'schedule', 'event-1', { text: 'x' })
    await server.dieDuring(death, ask)
    const { asked } = await server.state(name)
    if (death.afterAppends > 0 || death.moment === 'after') expect([death, asked]).toEqual([death, 1])
    if (death.moment === 'before' && death.afterAppends === 0) expect([death, asked]).toEqual([death, 0])
    // What was asked for is done, asked again or not.
    if (asked === 0) await ask()
    await until(async () => (await operate(server, name).jobs()).jobs.length === 0)
    await ask()
    const { log, asked: askedAtLast } = await server.state(name)
    expect([death, askedAtLast, new Set(log)]).toEqual([death, 1, new Set(['x:1'])])
    // Only one whose step was durable, and its end was not, runs again.
    const mayRepeat = death.afterAppends === 2 || (death.afterAppends === 1 && death.moment !== 'before')
    expect(log.length).toBeLessThanOrEqual(mayRepeat ? 2 : 1)
  }
  for (let n = 0; n < 20; n++) await server.dispatch('work/calm', 'schedule', `event-${n}`, { text: `${n}` })
  await until(async () => (await server.state('work/calm')).log.length === 20)
  await until(async () => (await operate(server, 'work/calm').jobs()).jobs.length === 0)
  expect(new Set((await server.state('work/calm')).log).size).toBe(20)
})

test('[E7] jobs that wait survive the death of the server', {
  timeout: 60_000,
}, async () => {
  await using folder = await temporaryFolder()
  await using server = new Mortal({ folder: folder.path })
  await server.start()
  const at = Date.now() + 2_500
  for (let n = 0; n < 50; n++)
    await server.dispatch(`work/r${n % 5}`, 'schedule', `event-${n}`, { text: `${n}`, at: at + n * 10 })
  await server.dieDuring({ moment: 'during', afterAppends: 30, delayMs: 1 }, async () => {
    // Until it dies, they run.
    for (let n = 0; n < 10_000; n++) await server.dispatch('work/other', 'note', `note-${n}`, { text: 'x' })
  })
  const all = async () => {
    const states = await Promise.all([0, 1, 2, 3, 4].map((n) => server.state(`work/r${n}`)))
    return states.flatMap(({ log }) => log)
  }
  await until(async () => new Set(await all()).size === 50)
  expect(new Set(await all())).toEqual(new Set(Array.from({ length: 50 }, (_, n) => `${n}:1`)))
})
