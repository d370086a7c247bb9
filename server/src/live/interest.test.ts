import { defineRoom, live, liveMap } from '@interplay/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Handles, Point, start, View, Watcher } from './live-bed.contract.ts'

test('an interest shows the entities that match: those that enter come, those that leave go', () => {
  const { run, watch, clock, values } = start()
  run(({ agents }) => {
    for (let x = 0; x < 10; x++) agents.set(`a${x}`, { x: x * 10, y: 0 })
  })
  const all = watch('agents')
  const left = watch('agents', { left: 0, right: 30 })
  const same = watch('agents', { left: 0, right: 30 })
  const seen = (of: Watcher) => Object.keys(of.value('agents') as object).sort()
  expect(seen(left)).toEqual(['a0', 'a1', 'a2'])
  run(({ agents }) => {
    agents.update('a0', (agent) => {
      agent.x = 95
    })
    agents.update('a9', (agent) => {
      agent.x = 5
    })
    agents.update('a1', (agent) => {
      agent.y = 7
    })
    agents.delete('a2')
    agents.set('new', { x: 1, y: 1 })
  })
  expect(left.value('agents')).toEqual({ a1: { x: 10, y: 7 }, a9: { x: 5, y: 0 }, new: { x: 1, y: 1 } })
  expect(same.frames.at(-1)).toBe(left.frames.at(-1))
  expect(seen(all)).toHaveLength(10)
  const frames = left.frames.length
  run(({ agents }) => {
    agents.update('a5', (agent) => {
      agent.y = 1
    })
  })
  expect(left.frames).toHaveLength(frames)
  clock.pass(100)
  watch('agents', { left: 90, right: 200 }, left)
  expect(left.heard.at(-1)).toBe('agents delta')
  expect(left.value('agents')).toEqual({ a0: { x: 95, y: 0 } })
  clock.pass(100)
  watch('agents', undefined, left)
  expect(left.value('agents')).toEqual(all.value('agents'))
  values.subscribe(left, 'agents', false, undefined)
  run(({ agents }) => agents.set('more', { x: 1, y: 1 }))
  expect(left.value('agents')).not.toHaveProperty('more')
})

test('an interest that is refused says so, and a match that throws shows nothing', () => {
  const odd = defineRoom('game', {
    live: {
      count: live(z.number(), { initial: 0 }),
      agents: liveMap(Point, {
        interest: {
          schema: View,
          match: ({ label }) => {
            if (label === 'bad') throw new Error('a bug')
            return true
          },
        },
      }),
      plain: liveMap(Point),
    },
  })
  const { run, watch, warnings, values } = start(odd)
  const ada = watch('agents', { left: 'no' })
  watch('plain', {}, ada)
  watch('count', {}, ada)
  watch('votes', undefined, ada)
  watch('constructor', undefined, ada)
  watch('agents', { left: 'x'.repeat(5_000) }, ada)
  expect(ada.errors.map(({ code }) => code)).toEqual([
    'invalid-input',
    'invalid-input',
    'invalid-input',
    'not-found',
    'not-found',
    'too-large',
  ])
  expect(values.isWatched).toBe(false)
  const bob = watch('agents', { left: 0, right: 1 })
  run(({ agents }) => {
    agents.set('a', { x: 1, y: 1, label: 'good' })
    agents.set('b', { x: 1, y: 1, label: 'bad' })
  })
  expect(Object.keys(bob.value('agents') as object)).toEqual(['a'])
  expect(warnings).toHaveLength(1)
})

test('a flood of interests is worked off ten times a second, the latest last', () => {
  const { watch, clock, counts } = start()
  const ada = new Watcher()
  for (let round = 0; round < 10_000; round++) {
    watch('agents', { left: round, right: round + 1 }, ada)
    if (round % 100 === 0) clock.pass(1)
  }
  expect(counts.encoded).toBeLessThanOrEqual(2)
  clock.pass(100)
  expect(counts.encoded).toBeLessThanOrEqual(3)
  expect(ada.heard.length).toBeLessThanOrEqual(3)
})

test('[V1] [V2] whatever happens, all who have caught up see what the server has', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const point = fc.record({ x: fc.integer({ min: 0, max: 9 }), y: fc.integer({ min: 0, max: 2 }) })
  const interest = fc.option(
    fc.record({ left: fc.integer({ min: 0, max: 9 }), right: fc.integer({ min: 0, max: 9 }) }),
    {
      nil: undefined,
    },
  )
  const step = fc.oneof(
    fc.record({ do: fc.constant('set' as const), id, point }),
    fc.record({ do: fc.constant('delete' as const), id }),
    fc.record({ do: fc.constant('all' as const), all: fc.dictionary(id, point) }),
    fc.record({ do: fc.constant('watch' as const), who: fc.nat(3), interest }),
    fc.record({ do: fc.constant('stop' as const), who: fc.nat(3) }),
    fc.record({ do: fc.constant('behind' as const), who: fc.nat(3) }),
    fc.record({ do: fc.constant('caughtUp' as const), who: fc.nat(3) }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 50, 150) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { run, watch, values, clock } = start()
      const watchers = Array.from({ length: 4 }, () => new Watcher())
      const interests = new Map<Watcher, { left: number; right: number } | undefined>()
      for (const each of steps) {
        const who = 'who' in each ? watchers[each.who]! : null
        if (each.do === 'set') run(({ agents }) => agents.set(each.id, each.point))
        if (each.do === 'delete') run(({ agents }) => agents.delete(each.id))
        if (each.do === 'all') run(({ agents }) => agents.set(each.all))
        if (each.do === 'watch') {
          interests.set(who!, each.interest)
          watch('agents', each.interest, who!)
        }
        if (each.do === 'stop') {
          interests.delete(who!)
          values.subscribe(who!, 'agents', false, undefined)
        }
        if (each.do === 'behind') who!.isBehind = true
        if (each.do === 'caughtUp') {
          who!.isBehind = false
          values.caughtUp(who!)
        }
        if (each.do === 'pass') clock.pass(each.ms)
      }
      for (const each of watchers) {
        each.isBehind = false
        values.caughtUp(each)
      }
      clock.pass(500)
      const all = Object.entries((values.begin(() => true).handles as unknown as Handles).agents.get())
      for (const [watcher, of] of interests) {
        const seen = all.filter(([, { x }]) => !of || (x >= of.left && x < of.right))
        expect(watcher.value('agents')).toEqual(Object.fromEntries(seen))
      }
    }),
    { numRuns: 500 },
  )
})
