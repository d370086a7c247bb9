import { defineRoom, event, live, liveMap } from '@interplay/shared'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { implement, type RoomContext, type TickContext } from '../index.ts'

const game = defineRoom('game', {
  live: {
    vote: z.object({ open: z.boolean().default(false) }),
    always: z.object({ open: z.boolean() }).default({ open: false }),
    count: live(z.number(), { initial: 0 }),
    agents: liveMap(z.object({ x: z.number(), hp: z.number().default(100) })),
  },
  events: { move: event() },
  jobs: { close: z.object({}) },
})
type Agent = { x: number; hp: number }

declare const context: RoomContext<typeof game>
declare const tick: TickContext<typeof game>

test('a value is read as its schema makes it, and may be missing where nothing says what it begins with', () => {
  const { vote, always, count } = context.live
  expectTypeOf(vote.get()).toEqualTypeOf<{ open: boolean } | undefined>()
  expectTypeOf(always.get()).toEqualTypeOf<{ open: boolean }>()
  expectTypeOf(count.get()).toEqualTypeOf<number>()
  vote.set({})
  vote.set({ open: true })
  vote.update((draft) => {
    expectTypeOf(draft).toEqualTypeOf<{ open: boolean } | undefined>()
    return { open: true }
  })
  always.update((draft) => {
    draft.open = true
  })
  count.update((draft) => draft + 1)
  // @ts-expect-error a value of another type
  vote.set({ open: 'yes' })
  // @ts-expect-error the next value has another type
  count.update(() => 'one')
  // @ts-expect-error no such value
  context.live.votes
})

test('a map is read and changed as a whole and one by one', () => {
  const { agents } = context.live
  expectTypeOf(agents.get()).toEqualTypeOf<{ readonly [key: string]: Agent }>()
  expectTypeOf(agents.get('a')).toEqualTypeOf<Agent | undefined>()
  agents.set('a', { x: 1 })
  agents.set({ a: { x: 1 }, b: { x: 1, hp: 2 } })
  expectTypeOf(agents.delete('a')).toEqualTypeOf<boolean>()
  expectTypeOf(
    agents.update('a', (agent) => {
      expectTypeOf(agent).toEqualTypeOf<Agent>()
      agent.x += 1
    }),
  ).toEqualTypeOf<boolean>()
  agents.update((all) => {
    all.b = { x: 1, hp: 1 }
    delete all.a
  })
  // @ts-expect-error an entity of another type
  agents.set('a', { x: '1' })
  // @ts-expect-error what is handed out is not for changing
  agents.get().a = { x: 1, hp: 1 }
})

test('events, steps and jobs have them', () => {
  implement(game)
    .on({ move: ({ live }) => live.count.set(1) })
    .tick(50, ({ live, deltaMs, step, random }) => live.count.set(deltaMs + step + random()), {
      maxCatchUp: 2,
      whenUnwatched: 'run',
      snapshotEveryMs: 1_000,
      seed: 1,
    })
    .jobs({
      close: async ({ live }) => {
        expectTypeOf(live.count.get()).toEqualTypeOf<number>()
        expectTypeOf(live.count.set(1)).toEqualTypeOf<Promise<void>>()
        expectTypeOf(live.agents.delete('a')).toEqualTypeOf<Promise<boolean>>()
        expectTypeOf(live.agents.update('a', () => {})).toEqualTypeOf<Promise<boolean>>()
        // @ts-expect-error a value of another type
        live.count.set('one')
      },
    })
  expectTypeOf(tick.random()).toEqualTypeOf<number>()
  // @ts-expect-error nobody asked for a step
  tick.actor
})
