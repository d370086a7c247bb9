import { InterplayError } from '@interplay/shared'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoff, type ConnectionSignal, type ConnectionState, step } from './connection-state.ts'

const moment = { now: 1_000_000, random: 0.5 }
const at = (ms: number) => ({ ...moment, now: moment.now + ms })

function run(state: ConnectionState, ...signals: ConnectionSignal[]): ReturnType<typeof step> {
  return signals.reduce<ReturnType<typeof step>>(
    (before, signal) => step(before[0], signal, moment),
    [state, []],
  )
}

const connecting: ConnectionState = { at: 'connecting', failures: 0 }
const open: ConnectionState = { at: 'open', failures: 0, since: moment.now, probedAt: null }

test('a socket is opened when a room needs it, greets, and lets rooms join before the answer', () => {
  expect(run({ at: 'idle' }, { on: 'needed' })).toEqual([
    connecting,
    [{ do: 'connect' }, { do: 'wait', ms: 10_000 }],
  ])
  expect(run(connecting, { on: 'opened' })).toEqual([
    { at: 'greeting', failures: 0 },
    [{ do: 'hello' }, { do: 'wait', ms: 10_000 }, { do: 'up' }],
  ])
  expect(run(connecting, { on: 'opened' }, { on: 'welcome', version: 1 })).toEqual([
    open,
    [{ do: 'wait', ms: 20_000 }],
  ])
})

test('a lost socket is opened again after a while, and at once when the network is back', () => {
  const [waiting, effects] = run(open, { on: 'lost' })
  expect(waiting).toEqual({ at: 'waiting', failures: 1, retryAt: moment.now + 125 })
  expect(effects).toEqual([{ do: 'disconnect' }, { do: 'down' }, { do: 'wait', ms: 125 }])
  expect(run(waiting, { on: 'timer', heardAt: 0 })[0]).toEqual({ at: 'connecting', failures: 1 })
  expect(run(waiting, { on: 'awake' })[0]).toEqual({ at: 'connecting', failures: 1 })
})

test('a socket that does not open, or does not greet, in time is given up', () => {
  expect(run(connecting, { on: 'timer', heardAt: 0 })[1][0]).toEqual({ do: 'disconnect' })
  const [state, effects] = run(connecting, { on: 'opened' }, { on: 'timer', heardAt: 0 })
  expect(state.at).toBe('waiting')
  expect(effects.slice(0, 2)).toEqual([{ do: 'disconnect' }, { do: 'down' }])
})

test('failures in a row wait longer, up to 15 s with full jitter; a connection that lasted starts anew', () => {
  expect([0, 1, 2, 5, 6, 1000].map((failures) => backoff(failures, 1))).toEqual([
    250, 500, 1000, 5000, 5000, 5000,
  ])
  expect(backoff(5, 0)).toBe(0)
  const shaky: ConnectionState = { ...open, failures: 3 }
  expect(step(shaky, { on: 'lost' }, at(4_000))[0]).toMatchObject({ failures: 4 })
  expect(step(shaky, { on: 'lost' }, at(6_000))[0]).toMatchObject({ failures: 1 })
})

test('a quiet server is asked after 20 s and given up 10 s later', () => {
  const [heard, wait] = step(open, { on: 'timer', heardAt: moment.now + 5_000 }, at(20_000))
  expect(heard).toMatchObject({ at: 'open', probedAt: null })
  expect(wait).toEqual([{ do: 'wait', ms: 5_000 }])

  const [asked, effects] = step(open, { on: 'timer', heardAt: moment.now }, at(20_000))
  expect(asked).toMatchObject({ at: 'open', probedAt: moment.now + 20_000 })
  expect(effects).toEqual([{ do: 'hello' }, { do: 'wait', ms: 10_000 }])

  expect(step(asked, { on: 'timer', heardAt: moment.now + 20_050 }, at(30_000))[0]).toMatchObject({
    at: 'open',
  })
  expect(step(asked, { on: 'timer', heardAt: moment.now }, at(30_000))[0].at).toBe('waiting')
})

test('a page that wakes, or loses its network, asks the server at once', () => {
  for (const on of ['awake', 'asleep'] as const) {
    const [asked, effects] = run(open, { on })
    expect(asked).toMatchObject({ at: 'open', probedAt: moment.now })
    expect(effects).toEqual([{ do: 'hello' }, { do: 'wait', ms: 5_000 }])
    expect(run(asked, { on })).toEqual([asked, []])
  }
})

test('another version, or a refusal of the socket, is for good', () => {
  const [state, effects] = run(connecting, { on: 'opened' }, { on: 'welcome', version: 2 })
  expect(state).toMatchObject({ at: 'stopped', error: { code: 'unsupported' } })
  expect(effects).toEqual([{ do: 'disconnect' }, { do: 'down' }])
  const error = new InterplayError('unsupported', 'Too old')
  expect(run(open, { on: 'refused', error })[0]).toEqual({ at: 'stopped', error })
  expect(run(open, { on: 'closed' })[0]).toEqual({ at: 'stopped', error: null })
  expect(run({ at: 'stopped', error }, { on: 'needed' })[0].at).toBe('stopped')
})

test('a socket that no room needs is closed', () => {
  expect(run(open, { on: 'unneeded' })).toEqual([{ at: 'idle' }, [{ do: 'disconnect' }, { do: 'down' }]])
  expect(run({ at: 'waiting', failures: 2, retryAt: 0 }, { on: 'unneeded' })).toEqual([{ at: 'idle' }, []])
})

test('in any order of signals: sockets are opened and closed in pairs, rooms go up and down in pairs', () => {
  const signal: fc.Arbitrary<ConnectionSignal> = fc.oneof(
    fc.constantFrom(
      { on: 'needed' } as const,
      { on: 'unneeded' } as const,
      { on: 'opened' } as const,
      { on: 'lost' } as const,
      { on: 'awake' } as const,
      { on: 'asleep' } as const,
      { on: 'closed' } as const,
    ),
    fc.record({ on: fc.constant('welcome' as const), version: fc.constantFrom(1, 1, 1, 2) }),
    fc.record({ on: fc.constant('timer' as const), heardAt: fc.nat(100_000) }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(signal, fc.nat(30_000)), { maxLength: 40 }), (signals) => {
      let state: ConnectionState = { at: 'idle' }
      let sockets = 0
      let ups = 0
      let now = 0
      for (const [next, ms] of signals) {
        now += ms
        const [after, effects] = step(state, next, { now, random: 0.5 })
        state = after
        for (const effect of effects) {
          if (effect.do === 'connect') sockets++
          if (effect.do === 'disconnect') sockets--
          if (effect.do === 'up') ups++
          if (effect.do === 'down') ups--
        }
        const hasSocket = ['connecting', 'greeting', 'open'].includes(state.at)
        expect(sockets).toBe(hasSocket ? 1 : 0)
        expect(ups).toBe(state.at === 'greeting' || state.at === 'open' ? 1 : 0)
        const waits = effects.some((effect) => effect.do === 'wait')
        // Every state that may hang has a timer.
        if (effects.length > 0) expect(waits).toBe(state.at !== 'idle' && state.at !== 'stopped')
      }
    }),
    { seed: 4711 },
  )
})
