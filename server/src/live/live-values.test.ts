import { defineRoom, InterplayError, live, liveMap } from '@interplay/shared'
import { Replica } from '@interplay/shared/live'
import { readFrame } from '@interplay/shared/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { LiveMapHandle } from './handle.ts'
import { LiveValues } from './live-values.ts'
import { ManualClock } from './manual-clock.contract.ts'
import type { Viewer } from './viewer.ts'

const Point = z.object({ x: z.number(), y: z.number(), label: z.string().optional() })
const View = z.object({ left: z.number(), right: z.number() })
const vote = z.object({ open: z.boolean(), leftMs: z.number() })

const game = defineRoom('game', {
  live: {
    vote,
    count: live(z.number(), { initial: 0 }),
    capped: live(z.number(), { initial: 0, maxPerSecond: 10 }),
    heat: live(z.object({ cells: z.instanceof(Uint8Array) }), { initial: { cells: new Uint8Array(8) } }),
    any: live(z.any()),
    agents: liveMap(Point, {
      interest: { schema: View, match: ({ x }, { left, right }) => x >= left && x < right },
    }),
  },
})

/** A client, as the server sees it, and what it has understood. */
class Watcher implements Viewer {
  readonly key: string
  isBehind = false
  /** What came, by value: the kind of each message, and what it made of the value. */
  readonly frames: Uint8Array[] = []
  readonly heard: string[] = []
  readonly errors: InterplayError[] = []
  readonly #replicas = new Map<string, Replica>()

  constructor(key = 'game') {
    this.key = key
  }

  sendRuntime(bytes: Uint8Array): void {
    if (this.isBehind) throw new Error('It is behind.')
    this.frames.push(bytes)
    const frame = readFrame(bytes)
    if (frame.kind !== 'live') throw new Error(`a ${frame.kind} frame`)
    expect(frame.room).toBe(this.key)
    const replica = this.#replicas.get(frame.name) ?? new Replica()
    this.#replicas.set(frame.name, replica)
    const taken = replica.take(frame.message)
    if (taken instanceof InterplayError) {
      this.errors.push(taken)
      return
    }
    expect(taken).toBe('taken')
    const kinds = ['full', 'delta', 'full', 'delta']
    this.heard.push(`${frame.name} ${kinds[frame.message[0]!]}`)
  }

  value(name: string): unknown {
    return this.#replicas.get(name)?.value
  }
}

function start(definition: Parameters<LiveValues['define']>[0] = game) {
  const clock = new ManualClock()
  const counts = { encoded: 0, bytes: 0, sent: 0, skipped: 0 }
  const warnings: unknown[] = []
  const watched: boolean[] = []
  const note = (entry: unknown) => void warnings.push(entry)
  const values = new LiveValues({
    room: 'game',
    logger: { debug() {}, info() {}, warn: note, error: note },
    clock,
    meter: {
      encoded(bytes) {
        counts.encoded += 1
        counts.bytes += bytes
      },
      sent(frames) {
        counts.sent += frames
      },
      skipped(sessions) {
        counts.skipped += sessions
      },
    },
    watched: (is) => watched.push(is),
  })
  values.define(definition)
  /** Runs code as a handler whose entry is durable at once. */
  const run = (code: (live: Handles) => void) => {
    const draft = values.begin(() => true)
    code(draft.handles as never)
    if (draft.writes) values.land(values.commit(draft.writes))
    values.flush()
    clock.endTurn()
  }
  const watch = (name: string, interest?: unknown, viewer = new Watcher()) => {
    values.subscribe(viewer, name, true, interest)
    return viewer
  }
  return { values, clock, counts, warnings, watched, run, watch }
}

type Handles = {
  vote: import('./handle.ts').LiveHandle<z.infer<typeof vote>, z.infer<typeof vote>, undefined>
  count: import('./handle.ts').LiveHandle<number, number>
  capped: import('./handle.ts').LiveHandle<number, number>
  heat: import('./handle.ts').LiveHandle<{ cells: Uint8Array }, { cells: Uint8Array }>
  any: import('./handle.ts').LiveHandle<unknown, unknown>
  agents: LiveMapHandle<z.infer<typeof Point>, z.infer<typeof Point>>
}

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

test('[E3] a draft that is given up leaves no trace, and one that has ended takes nothing', () => {
  const { values, watch } = start()
  const ada = watch('agents')
  let open = true
  const draft = values.begin(() => open)
  const agents = draft.handles.agents as unknown as Handles['agents']
  agents.set('a', { x: 1, y: 1 })
  open = false
  expect(() => agents.set('b', { x: 1, y: 1 })).toThrow('has ended')
  expect(() => agents.delete('a')).toThrow('has ended')
  expect(() => agents.update(() => {})).toThrow('has ended')
  expect(() => draft.handles.count!.set(1 as never)).toThrow('has ended')
  values.flush(true)
  expect(values.begin(() => true).handles.agents!.get()).toEqual({})
  expect(ada.value('agents')).toEqual({})
})

test('a value that its schema refuses is told with its path, and changes nothing', () => {
  const { values } = start()
  const { handles } = values.begin(() => true)
  const { vote, agents, count, any } = handles as unknown as Handles
  const refused = (code: () => void) => {
    try {
      code()
    } catch (error) {
      if (!(error instanceof InterplayError)) throw error
      expect(error.code).toBe('invalid-input')
      return [error.message.split(':')[0], error.issues[0]?.path]
    }
    throw new Error('It was taken.')
  }
  expect(refused(() => vote.set({ open: 'yes' } as never))).toEqual(['live.vote.open', ['open']])
  expect(refused(() => count.update(() => 'one' as never))[0]).toBe('live.count')
  expect(refused(() => agents.set('a', { x: 1 } as never))).toEqual(['live.agents.a.y', ['a', 'y']])
  expect(refused(() => agents.set({ a: { x: 1, y: 1 }, b: { x: '1' } as never }))[1]).toEqual(['b', 'x'])
  expect(refused(() => agents.set('__proto__', { x: 1, y: 1 }))[0]).toBe('live.agents')
  expect(refused(() => agents.set(undefined as never))[0]).toBe('A live map is set to an object')
  expect(agents.get()).toEqual({})
  expect(vote.get()).toBeUndefined()
  const self: unknown[] = []
  self.push(self)
  for (const odd of [() => {}, 1n, Number.NaN, new Date(), new Map(), self, [undefined], Symbol('x')])
    expect(refused(() => any.set({ odd }))[1]).toContain('odd')
  expect(() => any.set(JSON.parse('{"__proto__":1}'))).toThrow('__proto__')
  expect(() => any.update((async () => 1) as never)).toThrow('returns at once')
})

test('what is handed out cannot change the value, and what was handed in neither', () => {
  const { run, watch, values } = start()
  const ada = watch('agents')
  const bob = watch('heat')
  const mine = { x: 1, y: 1 }
  const cells = new Uint8Array([1, 2, 3])
  run(({ agents, heat }) => {
    agents.set('a', mine)
    heat.set({ cells })
  })
  mine.x = 2
  cells[0] = 9
  const { agents, heat } = values.begin(() => true).handles as unknown as Handles
  expect(() => {
    ;(agents.get('a') as { x: number }).x = 3
  }).toThrow(TypeError)
  expect(() => {
    ;(agents.get() as Record<string, unknown>).b = 3
  }).toThrow(TypeError)
  heat.get().cells[1] = 9
  expect(agents.get('a')).toEqual({ x: 1, y: 1 })
  expect(heat.get().cells).toEqual(new Uint8Array([1, 2, 3]))
  run(({ heat }) =>
    heat.update((draft) => {
      draft.cells[2] = 4
    }),
  )
  expect(ada.value('agents')).toEqual({ a: { x: 1, y: 1 } })
  expect(bob.value('heat')).toEqual({ cells: new Uint8Array([1, 2, 4]) })
})

test('a map is read and changed as a whole and one by one', () => {
  const { run, watch } = start()
  const ada = watch('agents')
  run(({ agents }) => {
    agents.set({ a: { x: 1, y: 1 }, b: { x: 2, y: 2 } })
    agents.set('c', { x: 3, y: 3 })
    expect(Object.keys(agents.get())).toEqual(['a', 'b', 'c'])
    expect(agents.delete('b')).toBe(true)
    expect(agents.delete('b')).toBe(false)
    expect(agents.get('b')).toBeUndefined()
    expect(agents.update('nobody', () => {})).toBe(false)
  })
  expect(ada.value('agents')).toEqual({ a: { x: 1, y: 1 }, c: { x: 3, y: 3 } })
  run(({ agents }) => {
    expect(
      agents.update('a', (agent) => {
        agent.x = 10
      }),
    ).toBe(true)
    agents.update((all) => {
      all.d = { x: 4, y: 4 }
      delete all.c
      all.a!.y = 11
    })
  })
  expect(ada.value('agents')).toEqual({ a: { x: 10, y: 11 }, d: { x: 4, y: 4 } })
  expect(ada.heard).toEqual(['agents full', 'agents delta', 'agents delta'])
})

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
