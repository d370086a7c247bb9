import { implement } from '@interplay/server'
import { counter, defineRoom, event, list, live, liveMap } from '@interplay/shared'
import { z } from 'zod'

const Agent = z.object({ x: z.number(), y: z.number(), team: z.string() })
const Vote = z.object({ open: z.boolean(), leftMs: z.number() })

/** A room for tests of live values: set by events, by jobs, by reactions and, in the rooms below, step by step. */
export const game = defineRoom('game/:gameId', {
  state: {
    score: counter({ writers: 'handlers' }),
    bumps: list(z.number(), { writers: 'handlers' }),
  },
  live: {
    vote: Vote,
    turns: live(z.number(), { initial: 0 }),
    there: live(z.number(), { initial: 0 }),
    heat: live(z.object({ cells: z.instanceof(Uint8Array) }), { initial: { cells: new Uint8Array(16) } }),
    blob: live(z.string(), { initial: '' }),
    agents: liveMap(Agent, {
      interest: {
        schema: z.object({ left: z.number(), right: z.number() }),
        match: ({ x }, { left, right }) => x >= left && x < right,
      },
    }),
    world: live(z.object({ step: z.number(), x: z.number(), drawn: z.number(), pushes: z.string() }), {
      initial: { step: 0, x: 0, drawn: 0, pushes: '' },
    }),
    plan: live(z.record(z.string(), z.number()), { initial: {} }),
  },
  signals: { bump: z.object({ step: z.number() }) },
  events: {
    'vote.set': event(Vote),
    'vote.fail': event(),
    'vote.close': event(),
    'turn.take': event(undefined, z.number()),
    'turn.quick': event(undefined, z.number(), { durability: 'none' }),
    'blob.set': event(z.string()),
    'heat.set': event(z.object({ at: z.number(), to: z.number() })),
    'agent.move': event(z.object({ id: z.string(), x: z.number(), y: z.number().default(0) })),
    'agent.remove': event(z.object({ id: z.string() })),
    push: event(z.object({ by: z.number() })),
    'push.slowly': event(
      z.object({ by: z.number(), ms: z.number() }),
      z.object({ from: z.number(), to: z.number() }),
    ),
    'plan.set': event(z.record(z.string(), z.number())),
  },
  jobs: { 'vote.close': z.object({}) },
})

export const gameRoom = implement(game)
  .on({
    'vote.set': ({ input, live }) => live.vote.set(input),
    'vote.fail': ({ live, state, fail }) => {
      live.vote.set({ open: true, leftMs: 666 })
      live.agents.set('ghost', { x: 0, y: 0, team: 'ghosts' })
      state.score.add(666)
      fail('conflict', 'It was not to be')
    },
    'vote.close': ({ schedule }) => {
      schedule('vote.close', {}, { afterMs: 0 })
    },
    'turn.take': ({ live, state }) => {
      live.turns.update((turns) => turns + 1)
      state.score.add(1)
      return live.turns.get()
    },
    'turn.quick': ({ live }) => {
      live.turns.update((turns) => turns + 1)
      return live.turns.get()
    },
    'blob.set': ({ input, live }) => live.blob.set(input),
    'heat.set': ({ input, live }) =>
      live.heat.update(({ cells }) => {
        cells[input.at] = input.to
      }),
    'agent.move': ({ input: { id, x, y }, live }) => live.agents.set(id, { x, y, team: 'red' }),
    'agent.remove': ({ input, live, fail }) => {
      if (!live.agents.delete(input.id)) fail('not-found', 'There is no such agent')
    },
    push: ({ input, live }) =>
      live.world.update((world) => {
        world.x += input.by
        world.pushes += `${world.step}:${input.by} `
      }),
    'push.slowly': async ({ input, live }) => {
      const from = live.world.get().step
      await new Promise((resolve) => setTimeout(resolve, input.ms))
      live.world.update((world) => {
        world.x += input.by
      })
      return { from, to: live.world.get().step }
    },
    'plan.set': ({ input, live }) => live.plan.set(input),
  })
  .react({
    joined: ({ live }) => live.there.update((count) => count + 1),
    left: ({ live }) => live.there.update((count) => count - 1),
  })
  .jobs({
    'vote.close': async ({ live }) => {
      await live.vote.set({ open: false, leftMs: 0 })
    },
  })

/** What a step makes of the world: it depends on nothing but the step, its chance, and what was pushed before. */
export const stepMs = 10

/** The same room as a simulation. */
export const simulated = gameRoom.tick(
  stepMs,
  ({ live, step, deltaMs, random }) => {
    live.world.update((world) => {
      const planned = live.plan.get()[String(step)]
      if (planned !== undefined) {
        world.x += planned
        world.pushes += `${world.step}:${planned} `
      }
      world.step = step
      world.drawn = random()
      world.x = (world.x + deltaMs * world.drawn) % 1_000
    })
  },
  { seed: 7, snapshotEveryMs: 50 },
)
