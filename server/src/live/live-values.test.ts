import { defineRoom, live, liveMap } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Handles, Point, start, View, vote, Watcher } from './live-bed.contract.ts'

test('[V2] who comes gets the full value, and then what changes', () => {
  const { run, watch } = start()
  run(({ vote }) => vote.set({ open: true, leftMs: 1_000 }))
  const ada = watch('vote')
  expect(ada.value('vote')).toEqual({ open: true, leftMs: 1_000 })
  run(({ vote }) => vote.update((draft) => ({ ...draft!, leftMs: 900 })))
  const bob = watch('vote')
  run(({ vote }) =>
    vote.update((draft) => {
      draft!.open = false
    }),
  )
  expect(ada.heard).toEqual(['vote full', 'vote delta', 'vote delta'])
  expect(bob.heard).toEqual(['vote full', 'vote delta'])
  for (const each of [ada, bob]) expect(each.value('vote')).toEqual({ open: false, leftMs: 900 })
})

test('a value that nobody has set is told once it is there', () => {
  const { run, watch, values } = start()
  const ada = watch('vote')
  expect(ada.heard).toEqual([])
  expect(values.begin(() => true).handles.vote!.get()).toBeUndefined()
  run(({ vote }) => vote.set({ open: true, leftMs: 1 }))
  expect(ada.heard).toEqual(['vote full'])
  const defaulted = start(defineRoom('game', { live: { vote: vote.default({ open: false, leftMs: 0 }) } }))
  expect(defaulted.watch('vote').value('vote')).toEqual({ open: false, leftMs: 0 })
})

test('[V1] a change is encoded once, whoever watches; a client that does not watch hears nothing', () => {
  const { run, watch, counts } = start()
  const ada = Array.from({ length: 20 }, () => watch('count'))
  const idle = new Watcher()
  const session = watch('count', undefined, new Watcher('game\0s1'))
  expect(counts.encoded).toBe(1)
  run(({ count }) => count.set(1))
  expect(counts.encoded).toBe(2)
  for (const each of ada) expect(each.frames.at(-1)).toBe(ada[0]!.frames.at(-1))
  expect(session.value('count')).toBe(1)
  expect(idle.frames).toEqual([])
})

test('[V1] the latest of a turn wins, and equal values are not sent', () => {
  const { run, watch, values, clock } = start()
  const ada = watch('count')
  for (let count = 1; count <= 10; count++) {
    const draft = values.begin(() => true)
    draft.handles.count!.set(count as never)
    values.land(values.commit(draft.writes!))
    values.flush()
  }
  clock.endTurn()
  expect(ada.value('count')).toBe(10)
  expect(ada.heard).toEqual(['count full', 'count delta', 'count delta'])
  run(({ count }) => count.set(10))
  expect(ada.heard).toHaveLength(3)
})

test('[V1] a rate caps how often it is sent, and the last value is never the one left out', () => {
  const { run, watch, clock } = start()
  const ada = watch('capped')
  for (let count = 1; count <= 100; count++) {
    run(({ capped }) => capped.set(count))
    clock.pass(10)
  }
  expect(ada.heard.length - 1).toBeGreaterThan(8)
  expect(ada.heard.length - 1).toBeLessThanOrEqual(11)
  clock.pass(100)
  expect(ada.value('capped')).toBe(100)
})

test('[V1] [V2] a session that is behind is sent nothing, and one full value when it has caught up', () => {
  const { run, watch, values, counts } = start()
  const ada = watch('count')
  const slow = watch('count')
  slow.isBehind = true
  for (let count = 1; count <= 50; count++) run(({ count: handle }) => handle.set(count))
  expect(slow.heard).toEqual(['count full'])
  expect(counts.skipped).toBe(50)
  slow.isBehind = false
  values.caughtUp(slow)
  expect(slow.heard).toEqual(['count full', 'count full'])
  expect(slow.value('count')).toBe(50)
  run(({ count }) => count.set(51))
  expect(slow.heard.at(-1)).toBe('count delta')
  expect([slow.value('count'), ada.value('count')]).toEqual([51, 51])
  values.caughtUp(slow)
  expect(slow.heard).toHaveLength(3)
})

test('[V2] one that is behind when it comes gets its full value later, and one that lost a message asks for one', () => {
  const { run, watch, values, clock } = start()
  const slow = new Watcher()
  slow.isBehind = true
  watch('count', undefined, slow)
  run(({ count }) => count.set(1))
  slow.isBehind = false
  run(({ count }) => count.set(2))
  expect(slow.heard).toEqual(['count full'])
  expect(slow.value('count')).toBe(2)
  clock.pass(200)
  values.subscribe(slow, 'count', true, undefined)
  expect(slow.heard).toEqual(['count full', 'count full'])
})

test('[E3] what a handler did is seen by the ones behind it at once, and by clients when it has taken effect', () => {
  const { values, watch, clock } = start()
  const ada = watch('count')
  const first = values.begin(() => true)
  first.handles.count!.set(1 as never)
  expect(first.handles.count!.get()).toBe(1)
  expect(values.begin(() => true).handles.count!.get()).toBe(0)
  const firstLanding = values.commit(first.writes!)
  const second = values.begin(() => true)
  second.handles.count!.update(((count: number) => count + 1) as never)
  expect(second.handles.count!.get()).toBe(2)
  const secondLanding = values.commit(second.writes!)
  values.land(secondLanding)
  values.flush()
  clock.endTurn()
  expect(ada.value('count')).toBe(0)
  values.land(firstLanding)
  values.flush()
  expect(ada.value('count')).toBe(2)
})

test('[V1] steps behind a handler whose entry hangs do not pile up', () => {
  const { values, watch, clock } = start()
  const ada = watch('agents')
  const write = (code: (live: Handles) => void) => {
    const draft = values.begin(() => true)
    code(draft.handles as never)
    return values.commit(draft.writes!)
  }
  const hanging = write(({ agents }) => agents.set('a', { x: 0, y: 0 }))
  for (let step = 1; step <= 1_000; step++) {
    values.land(
      write(({ agents, count }) => {
        agents.set('a', { x: step, y: 0 })
        agents.set(`b${step % 10}`, { x: step, y: 0 })
        if (step % 2 === 0) agents.delete('b5')
        count.set(step)
      }),
    )
    values.flush()
  }
  const other = write(({ count }) => count.set(-1))
  values.land(write(({ vote }) => vote.set({ open: true, leftMs: 1 })))
  expect(values.pending).toBe(4)
  clock.endTurn()
  expect(ada.value('agents')).toEqual({})
  values.land(hanging)
  values.flush()
  expect(values.pending).toBe(2)
  expect(ada.value('agents')).toEqual(values.begin(() => true).handles.agents!.get())
  expect(watch('count').value('count')).toBe(1_000)
  values.land(other)
  values.flush()
  expect(values.isAhead).toBe(false)
  expect(watch('count').value('count')).toBe(-1)
})

test('who left hears nothing more, and the room knows whether anybody watches', () => {
  const { run, watch, values, watched } = start()
  const ada = watch('count')
  watch('agents', undefined, ada)
  expect(values.isWatched).toBe(true)
  values.leave(ada)
  expect(watched).toEqual([true, false])
  const frames = ada.frames.length
  run(({ count }) => count.set(5))
  expect(ada.frames).toHaveLength(frames)
  expect(watch('count').value('count')).toBe(5)
})

test('another definition keeps the values that fit, and tells those who watch', () => {
  const { values, run, watch, warnings } = start()
  run(({ vote, count, agents }) => {
    vote.set({ open: true, leftMs: 1 })
    count.set(7)
    agents.set('a', { x: 1, y: 1 })
  })
  const ada = watch('count')
  watch('agents', { left: 0, right: 2 }, ada)
  watch('vote', undefined, ada)
  const next = defineRoom('game', {
    live: {
      vote: z.object({ open: z.string() }).default({ open: 'never' }),
      count: live(z.number(), { initial: 0 }),
      agents: liveMap(Point, { interest: { schema: View, match: () => true } }),
    },
  })
  values.define(next)
  expect(values.begin(() => true).handles.count!.get()).toBe(7)
  expect(values.begin(() => true).handles.vote!.get()).toEqual({ open: 'never' })
  expect(warnings).toHaveLength(1)
  expect(ada.heard.slice(3)).toEqual(['vote full', 'count full', 'agents full'].sort().reverse())
  expect(values.isWatched).toBe(true)
  values.define(next)
  expect(ada.heard).toHaveLength(6)
  values.define(null)
  expect(values.isWatched).toBe(false)
})

test('keys that come and go for ever do not pile up', () => {
  const { run, watch, clock } = start()
  const ada = watch('any')
  const bob = watch('agents')
  for (let round = 0; round < 3_000; round++) {
    run(({ any, agents }) => {
      any.set({ [`key ${round}`]: round })
      agents.set({ [`agent ${round}`]: { x: round, y: round } })
    })
    clock.pass(1)
  }
  expect(ada.value('any')).toEqual({ 'key 2999': 2999 })
  expect(bob.value('agents')).toEqual({ 'agent 2999': { x: 2999, y: 2999 } })
  expect(ada.heard.filter((each) => each === 'any full').length).toBeGreaterThan(1)
  const late = watch('any')
  expect(late.frames[0]!.length).toBeLessThan(60_000)
})
