import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CallEnd, CircuitBreaker } from './circuit-breaker.ts'

const openMs = 1_000
const callMs = 300

function bed(failures = 3) {
  const time = { now: 0 }
  const breaker = new CircuitBreaker({ failures, openMs }, callMs, () => time.now)
  const enter = () => {
    const entry = breaker.enter()
    if (entry.at === 'refused') throw new Error(`refused for ${entry.retryAfterMs} ms`)
    return (end: CallEnd) => breaker.leave(entry.token, end)
  }
  return { time, breaker, enter }
}

test('it opens after failures in a row, and an answer in between begins the count again', () => {
  const { breaker, enter } = bed()
  for (const end of ['failed', 'failed', 'answered', 'failed', 'failed'] as const) enter()(end)
  expect(breaker.at).toBe('closed')
  enter()('failed')
  expect(breaker.at).toBe('open')
})

test('open, it refuses with the time that is left; then one call decides', () => {
  const { time, breaker, enter } = bed(1)
  enter()('failed')
  time.now = 400
  expect(breaker.enter()).toEqual({ at: 'refused', retryAfterMs: 600 })
  time.now = 1_000
  const probe = enter()
  expect(breaker.at).toBe('half-open')
  expect(breaker.enter()).toEqual({ at: 'refused', retryAfterMs: callMs })
  probe('failed')
  expect(breaker.enter()).toEqual({ at: 'refused', retryAfterMs: openMs })
  time.now = 2_000
  enter()('answered')
  expect(breaker.at).toBe('closed')
  enter()
  enter()
})

test('calls that began before it opened say nothing about it now', () => {
  const { time, breaker, enter } = bed(1)
  const [slow, slower] = [enter(), enter()]
  enter()('failed')
  slow('answered')
  expect(breaker.at).toBe('open')
  time.now = openMs
  const probe = enter()
  slower('failed')
  expect(breaker.at).toBe('half-open')
  probe('answered')
  expect(breaker.at).toBe('closed')
})

test('a probe that nobody waits for makes way for the next, and so does one that is never ended', () => {
  const { time, breaker, enter } = bed(1)
  enter()('failed')
  time.now = openMs
  enter()('abandoned')
  const lost = enter()
  expect(breaker.enter().at).toBe('refused')
  time.now += callMs
  const next = enter()
  lost('failed')
  expect(breaker.at).toBe('half-open')
  next('answered')
  expect(breaker.at).toBe('closed')
})

test('a clock that is set back keeps it shut for its time, and no longer', () => {
  const { time, breaker, enter } = bed(1)
  time.now = 1_000_000
  enter()('failed')
  time.now = 0
  expect(breaker.enter()).toEqual({ at: 'refused', retryAfterMs: openMs })
  time.now = openMs
  expect(breaker.enter().at).toBe('entered')
})

test('options that make no sense are refused', () => {
  for (const options of [{ failures: 0 }, { failures: Number.NaN }, { openMs: 0 }, { openMs: -1 }])
    expect(() => new CircuitBreaker(options, callMs, () => 0)).toThrow(TypeError)
})

test('whatever happens, half-open lets one call in, and a refusal is never longer than its cause', () => {
  const step = fc.oneof(
    fc.constant('enter' as const),
    fc.record({
      leave: fc.nat({ max: 5 }),
      end: fc.constantFrom<CallEnd[]>('answered', 'failed', 'abandoned'),
    }),
    fc.record({ passMs: fc.integer({ min: -200, max: 1_200 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { time, breaker } = bed(2)
      const calls: number[] = []
      let probeUntil: number | null = null
      for (const each of steps) {
        if (each === 'enter') {
          const before = breaker.at
          const entry = breaker.enter()
          if (entry.at === 'refused') {
            expect(before).not.toBe('closed')
            expect(entry.retryAfterMs).toBeGreaterThan(0)
            expect(entry.retryAfterMs).toBeLessThanOrEqual(before === 'open' ? openMs : callMs)
          } else {
            calls.push(entry.token)
            if (before === 'half-open') expect(time.now).toBeGreaterThanOrEqual(probeUntil!)
            probeUntil = before === 'closed' ? null : time.now + callMs
          }
        } else if ('passMs' in each) {
          time.now += each.passMs
          // A clock that was set back moves the end of the probe along.
          if (each.passMs < 0 && probeUntil !== null) probeUntil = Number.NEGATIVE_INFINITY
        } else {
          const [token] = calls.splice(each.leave, 1)
          if (token !== undefined) breaker.leave(token, each.end)
        }
      }
    }),
  )
})
