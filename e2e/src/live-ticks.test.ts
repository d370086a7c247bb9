import { createClient, type Room } from '@interplay/client'
import { sqliteLog, type TickContext, type TickOptions } from '@interplay/server'
import { expect, test } from 'vitest'
import { game, gameRoom, simulated, stepMs } from './game.ts'
import { ServerChild } from './server-child.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

type Game = Room<typeof game>
type Arena = { step: number; x: number; drawn: number; pushes: string }

async function join(world: World): Promise<Game> {
  const room = world.client().join(game, { gameId: 'a' })
  await room.ready
  return room
}

/** Every state of the world that came, by its step. */
function watch(room: Game) {
  const seen = new Map<number, Arena>()
  room.live.world.subscribe((state) => seen.set(state.step, state))
  return {
    seen,
    reached: (step: number) => until(() => (room.live.world.get()?.step ?? -1) >= step),
  }
}

async function metric(world: World, of: string): Promise<number> {
  const text = await (await fetch(`${world.http}/metrics`)).text()
  return Number(new RegExp(`^${of} (.*)$`, 'm').exec(text)?.[1])
}

/** A simulation that does what a test says. */
const ticking = (
  tick: (context: TickContext<typeof game>) => void | Promise<void>,
  { ms = stepMs, ...options }: TickOptions & { ms?: number } = {},
) => startWorld({ rooms: [gameRoom.tick(ms, tick, options)] })

test('[V2] a simulation runs while somebody watches, and sleeps when nobody does', async () => {
  const steps: number[] = []
  await using world = await ticking(({ step, live }) => {
    steps.push(step)
    live.turns.set(step)
  })
  const room = await join(world)
  // In the room, but not watching.
  await room.dispatch('vote.set', { open: true, leftMs: 1 })
  expect(steps).toEqual([])
  const stop = room.live.turns.subscribe(() => {})
  await until(() => steps.length >= 5)
  stop()
  // The client goes on for a second.
  await until(() => room.live.turns.get() === undefined)
  await room.dispatch('turn.take')
  const slept = steps.length
  await world.server.room(game, { gameId: 'a' }).state()
  expect(steps).toHaveLength(slept)
  room.live.turns.subscribe(() => {})
  await until(() => steps.length > slept + 3)
  expect(steps).toEqual(steps.map((_, index) => index + 1))
  room.leave()
  await until(() => room.status.at === 'left')
  await until(async () => (await metric(world, 'interplay_sessions')) === 0)
  const left = steps.length
  await world.server.room(game, { gameId: 'a' }).state()
  expect(steps).toHaveLength(left)
})

test('one that goes on unwatched keeps its room in memory', async () => {
  await using world = await startWorld({
    rooms: [gameRoom.tick(stepMs, ({ live, step }) => live.turns.set(step), { whenUnwatched: 'run' })],
    unloadAfterMs: 50,
  })
  const room = world.server.room(game, { gameId: 'a' })
  const turns = () => room.change(({ live }) => live.turns.get())
  await turns()
  const rooms = await metric(world, 'interplay_rooms')
  expect(rooms).toBe(1)
  // Longer than a room that nobody is in stays.
  await until(async () => (await metric(world, 'interplay_tick_seconds_count')) > 20)
  expect(await metric(world, 'interplay_rooms')).toBe(1)
  expect(await turns()).toBeGreaterThan(20)
})

test('events have their turn between two steps, never beside one, and a step waits for them', async () => {
  await using world = await startWorld({ rooms: [simulated] })
  const room = await join(world)
  const { reached } = watch(room)
  await reached(5)
  const { from, to } = await room.dispatch('push.slowly', { by: 1, ms: 100 })
  expect(to).toBe(from)
  await reached(to + 10)
})

test('the same seed and the same inputs at the same steps make the same world', async () => {
  const plan: Record<string, number> = {}
  const first = new Map<number, Arena>()
  {
    await using world = await startWorld({ rooms: [simulated] })
    const room = await join(world)
    const { seen, reached } = watch(room)
    for (let push = 1; push <= 5; push++) {
      await reached(push * 7)
      await room.dispatch('push', { by: push })
    }
    await reached(60)
    for (const [step, state] of seen) first.set(step, state)
    for (const pushed of room.live.world.get()!.pushes.trim().split(' ')) {
      const [step, by] = pushed.split(':')
      // An event acts between the step that it saw and the next.
      plan[Number(step) + 1] = Number(by)
    }
  }
  await using world = await startWorld({ rooms: [simulated] })
  const room = await join(world)
  await room.dispatch('plan.set', plan)
  const { seen, reached } = watch(room)
  await reached(60)
  let compared = 0
  for (const [step, state] of seen) {
    const before = first.get(step)
    // Between a push and the step behind it there are two states of one step.
    if (!before || step === 0 || before.pushes !== state.pushes) continue
    expect(state).toEqual(before)
    compared += 1
  }
  expect(compared).toBeGreaterThan(20)
  expect(seen.get(60)?.pushes ?? room.live.world.get()!.pushes).toContain(':5 ')
})

test('a step that fails leaves no trace, is told of now and then, and the next one comes', async () => {
  await using world = await ticking(({ live, step, state }) => {
    live.turns.set(step)
    if (step <= 20) {
      state.score.add(1)
      throw new Error('a bug')
    }
  })
  const room = await join(world)
  const turns: number[] = []
  room.live.turns.subscribe((turn) => turns.push(turn))
  await until(() => turns.length > 3)
  expect(turns.slice(0, 2)).toEqual([0, 21])
  expect(room.state.score.value).toBe(0)
  expect(world.errors.length).toBeLessThan(10)
  expect(world.errors.length).toBeGreaterThan(2)
})

test('a step changes the state, schedules and signals, all together', async () => {
  await using world = await ticking(({ live, state, step, signal, schedule }) => {
    live.turns.set(step)
    if (step !== 3) return
    state.bumps.push(step)
    live.vote.set({ open: true, leftMs: step })
    schedule('vote.close', {}, { afterMs: 0 })
    signal('bump', { step })
  })
  const room = await join(world)
  const bumps: [number, number, unknown][] = []
  room.onSignal('bump', ({ step }) => bumps.push([step, room.state.bumps.length, room.live.vote.get()]))
  room.live.vote.subscribe(() => {})
  room.live.turns.subscribe(() => {})
  await until(() => bumps.length === 1)
  expect(bumps).toEqual([[3, 1, { open: true, leftMs: 3 }]])
  await until(() => room.live.vote.get()?.open === false)
})

test('steps that take too long are left out and counted, and events still have their turn', async () => {
  await using world = await ticking(
    ({ live, step }) => {
      const until = performance.now() + 25
      while (performance.now() < until);
      live.turns.set(step)
    },
    { maxCatchUp: 2 },
  )
  const room = await join(world)
  room.live.turns.subscribe(() => {})
  await until(() => (room.live.turns.get() ?? 0) > 5)
  for (let count = 0; count < 5; count++) await room.dispatch('vote.set', { open: true, leftMs: count })
  expect(await metric(world, 'interplay_tick_overruns_total')).toBeGreaterThan(0)
  expect(await metric(world, 'interplay_tick_seconds_count')).toBeGreaterThan(5)
})

test('asynchronous steps do not overlap', async () => {
  let running = 0
  let most = 0
  await using world = await ticking(async ({ live, step }) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 5))
    running -= 1
    live.turns.set(step)
  })
  const room = await join(world)
  room.live.turns.subscribe(() => {})
  await until(() => (room.live.turns.get() ?? 0) > 10)
  expect(most).toBe(1)
})

test('a simulation that is stopped goes on from its last step', async () => {
  await using folder = await temporaryFolder()
  let last: Arena
  {
    await using world = await startWorld({ rooms: [simulated], folder: folder.path })
    const room = await join(world)
    const { reached } = watch(room)
    await reached(20)
    await room.dispatch('push', { by: 5 })
    await world.server.close()
    last = room.live.world.get()!
  }
  const log = sqliteLog(folder.path)
  expect((await log.tasks('game/a', 'live/', 50)).map(({ id, due }) => [id, due])).toContainEqual([
    'live/world',
    null,
  ])
  // Stored in place, and not as a history.
  expect((await log.load('game/a')).updates.length).toBeLessThan(3)
  await log.close()
  await using world = await startWorld({ rooms: [simulated], folder: folder.path })
  const room = await join(world)
  const { seen, reached } = watch(room)
  await reached(last.step + 5)
  const [first] = seen.keys()
  expect(first).toBeGreaterThanOrEqual(last.step)
  expect(room.live.world.get()!.pushes).toBe(last.pushes)
  const listed = await world.server.room(game, { gameId: 'a' }).change(({ live }) => live.turns.get())
  expect(listed).toBe(0)
})

test('a simulation whose process is killed goes on from its last snapshot', async () => {
  await using folder = await temporaryFolder()
  const run = async (steps: number) => {
    using server = await ServerChild.start({ folder: folder.path, port: 0 })
    const client = createClient({ url: server.ws })
    const room = client.join(game, { gameId: 'a' })
    const { seen, reached } = watch(room)
    await reached(1)
    const first = Math.min(...[...seen.keys()].filter((step) => step > 0))
    await room.dispatch('push', { by: 1 })
    await reached(first + steps)
    server.kill()
    await server.ended
    client.close()
    return { first, states: seen }
  }
  const before = await run(60)
  const after = await run(20)
  // It did not begin anew, and not later than it had come.
  expect(after.first).toBeGreaterThan(20)
  expect(after.first).toBeLessThanOrEqual(Math.max(...before.states.keys()) + 2)
  const resumed = after.states.get(after.first)!
  expect(resumed.pushes.split(' ').length).toBeGreaterThanOrEqual(2)
  // What it draws follows from the seed and the step, over the restart too.
  let compared = 0
  for (const [step, { drawn }] of after.states) {
    const known = before.states.get(step)
    if (!known) continue
    expect(drawn).toBe(known.drawn)
    compared += 1
  }
  expect(compared + after.states.size).toBeGreaterThan(10)
})

test('a snapshot that cannot be read, or no longer fits, costs nothing but itself', async () => {
  await using folder = await temporaryFolder()
  const log = sqliteLog(folder.path)
  const put = (id: string, content: string) => ({ put: { id, due: null, content } })
  const good = JSON.stringify({ kind: 'live', seed: 3, step: 41 })
  await log.append('game/a', [
    {
      tasks: [
        put('live/#step', good),
        put('live/world', '{"kind":"live","value":"AAEC"}'),
        put('live/turns', '{"kind":"live","value":"AAEAAAYBeA=="}'),
        put('live/gone', '{"kind":"live","value":"AAEAAEI="}'),
        put('live/there', 'no JSON'),
        put('live/blob', '{"kind":"live","value":"AAEAAAYCaGk="}'),
      ],
    },
  ])
  await log.close()
  await using world = await startWorld({ rooms: [simulated], folder: folder.path })
  const room = await join(world)
  room.live.blob.subscribe(() => {})
  await until(() => room.live.blob.get() === 'hi')
  const { reached } = watch(room)
  await reached(42)
  await room.dispatch('turn.take')
  const response = await fetch(`${world.http}/api/rooms/game%2Fa/jobs`)
  expect(await response.text()).not.toContain('live/')
})
