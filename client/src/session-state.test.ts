import { InterplayError } from '@interplay/shared'
import { expect, test } from 'vitest'
import { reasonError, type SessionSignal, type SessionState, step } from './session-state.ts'

const moment = { now: 1_000_000, random: 0.5, canRenew: true }
const error = (code: string) => new InterplayError(code, 'No')

function run(state: SessionState, ...signals: SessionSignal[]): ReturnType<typeof step> {
  return signals.reduce<ReturnType<typeof step>>(
    (before, signal) => step(before[0], signal, moment),
    [state, []],
  )
}

const down: SessionState = { at: 'down', failures: 0 }
const joining: SessionState = { at: 'joining', failures: 0, renewed: false }
const live: SessionState = { at: 'live', failures: 0, since: moment.now }

test('a session asks for a token, joins, and is live once both sides have synced', () => {
  expect(run(down, { on: 'up' })).toEqual([
    { at: 'asking', failures: 0, renewed: false },
    [{ do: 'ask', fresh: false }],
  ])
  expect(run(down, { on: 'up' }, { on: 'token', token: 't' })).toEqual([
    joining,
    [{ do: 'join', token: 't' }],
  ])
  expect(run(joining, { on: 'synced' })).toEqual([live, [{ do: 'resume' }]])
})

test('a lost connection suspends a session that the server knew', () => {
  expect(run(live, { on: 'down' })).toEqual([down, [{ do: 'suspend' }]])
  expect(run(joining, { on: 'down' })).toEqual([down, [{ do: 'suspend' }]])
  expect(run(down, { on: 'up' }, { on: 'down' })).toEqual([down, []])
})

test('a token that is not taken is renewed once', () => {
  const [asking, effects] = run(joining, { on: 'denied', error: error('unauthorized') })
  expect(asking).toEqual({ at: 'asking', failures: 0, renewed: true })
  expect(effects).toEqual([{ do: 'suspend' }, { do: 'ask', fresh: true }])
  const again = run(asking, { on: 'token', token: 'u' }, { on: 'denied', error: error('unauthorized') })
  expect(again[0]).toMatchObject({ at: 'refused', error: { code: 'unauthorized' } })
  expect(
    step(joining, { on: 'denied', error: error('unauthorized') }, { ...moment, canRenew: false })[0].at,
  ).toBe('refused')
})

test('a token may expire while a session is live', () => {
  const renewed: SessionState = { at: 'joining', failures: 0, renewed: true }
  expect(run(renewed, { on: 'synced' }, { on: 'ended', error: error('unauthorized') })[0].at).toBe('asking')
})

test('a denied join is tried again where that can help, and is final where it cannot', () => {
  expect(run(joining, { on: 'denied', error: error('overloaded') })).toMatchObject([
    { at: 'waiting', failures: 1, retryAt: moment.now + 125, error: { code: 'overloaded' } },
    [{ do: 'suspend' }, { do: 'wait', ms: 125 }],
  ])
  expect(run(joining, { on: 'denied', error: error('forbidden') })[0].at).toBe('refused')
  expect(run(down, { on: 'up' }, { on: 'no-token', error: error('unavailable') })[0].at).toBe('waiting')
  expect(run(down, { on: 'up' }, { on: 'no-token', error: error('unauthorized') })[0].at).toBe('refused')
})

test('an ended session joins again unless the client is not welcome', () => {
  expect(run(live, { on: 'ended', error: error('internal') })[0].at).toBe('waiting')
  expect(run(live, { on: 'ended', error: error('malformed') })[0].at).toBe('waiting')
  expect(run(live, { on: 'ended', error: error('forbidden') })[0].at).toBe('refused')
  const waiting: SessionState = { at: 'waiting', failures: 1, retryAt: 0, error: error('internal') }
  expect(run(waiting, { on: 'timer' })[0]).toEqual({ at: 'asking', failures: 1, renewed: false })
})

test('leaving tells a server that knows the session, once', () => {
  expect(run(live, { on: 'leave' })).toEqual([{ at: 'left' }, [{ do: 'leave' }, { do: 'suspend' }]])
  expect(run(down, { on: 'leave' })).toEqual([{ at: 'left' }, []])
  expect(run(live, { on: 'leave' }, { on: 'up' })).toEqual([{ at: 'left' }, []])
})

test('the reason of a Hocuspocus frame names the error', () => {
  expect(reasonError('Forbidden', 'unavailable').code).toBe('forbidden')
  expect(reasonError('unknown-room: no such board', 'unavailable').code).toBe('unknown-room')
  expect(reasonError('constructor', 'unavailable').code).toBe('unavailable')
  expect(reasonError('', 'forbidden').message).toBe('No reason given')
})
