import { expect, test } from 'vitest'
import { compose, type RateLimit, rateLimit } from './middleware.ts'

/** Asks a limit as middleware does. Returns the milliseconds to wait, 0 for an event that passes. */
function meter(limit: RateLimit) {
  const middleware = rateLimit(limit)
  return (now: number, userId = 'ada', sessionId: string | null = null, room = 'r') => {
    try {
      expect(middleware({ room, actor: { userId }, sessionId, now }, () => 'passed')).toBe('passed')
      return 0
    } catch (error) {
      const { code, details } = error as { code: string; details: { retryAfterMs: number } }
      expect(code).toBe('rate-limited')
      return details.retryAfterMs
    }
  }
}

test('tokens come back at the rate, up to the burst', () => {
  const ask = meter({ perSecond: 4, burst: 2 })
  expect([ask(0), ask(0), ask(0)]).toEqual([0, 0, 250])
  expect([ask(200), ask(250), ask(250)]).toEqual([50, 0, 250])
  expect([ask(60_000), ask(60_000), ask(60_000)]).toEqual([0, 0, 250])
})

test('a wait that was told is enough, whatever the rate', () => {
  for (const perSecond of [0.01, 0.3, 1, 3, 7, 60, 999]) {
    const ask = meter({ perSecond, burst: 1 })
    let now = 0
    expect(ask(now)).toBe(0)
    for (let round = 0; round < 50; round++) {
      const waitMs = ask(now)
      expect(waitMs).toBeGreaterThan(0)
      now += waitMs
      expect(ask(now), `${perSecond} a second, round ${round}`).toBe(0)
    }
  }
})

test('over any time no more pass than the rate allows', () => {
  const ask = meter({ perSecond: 10, burst: 5 })
  let passed = 0
  for (let now = 0; now <= 10_000; now++) if (ask(now) === 0) passed += 1
  expect(passed).toBe(105)
})

test('a slow rate lets one event through at first', () => {
  const ask = meter({ perSecond: 0.1 })
  expect([ask(0), ask(0), ask(9_999), ask(10_000)]).toEqual([0, 10_000, 1, 0])
})

test('a clock that is set back neither gives nor takes', () => {
  const ask = meter({ perSecond: 1, burst: 2 })
  expect([ask(10_000), ask(0), ask(0)]).toEqual([0, 0, 1_000])
  expect(ask(1_000)).toBe(0)
})

test('each user, session or room has a rate of its own', () => {
  const byUser = meter({ perSecond: 1 })
  expect([byUser(0, 'ada', 's1'), byUser(0, 'ada', 's2'), byUser(0, 'bob')]).toEqual([0, 1_000, 0])
  expect(byUser(0, 'ada', 's1', 'other')).toBe(0)
  const bySession = meter({ perSecond: 1, by: 'session' })
  expect([bySession(0, 'ada', 's1'), bySession(0, 'ada', 's2'), bySession(0, 'ada', 's1')]).toEqual([
    0, 0, 1_000,
  ])
  // What comes from no session is its user's.
  expect([bySession(0, 'ada'), bySession(0, 'ada'), bySession(0, 'bob')]).toEqual([0, 1_000, 0])
  const byRoom = meter({ perSecond: 1, by: 'room' })
  expect([byRoom(0, 'ada'), byRoom(0, 'bob'), byRoom(0, 'bob', null, 'other')]).toEqual([0, 1_000, 0])
})

test('many who come and go are forgotten once they are full again, and nobody who is not', () => {
  const ask = meter({ perSecond: 1 })
  for (let user = 0; user < 15_000; user++) expect(ask(0, `early ${user}`)).toBe(0)
  expect(ask(0, 'early 7')).toBe(1_000)
  for (let user = 0; user < 15_000; user++) expect(ask(500, `late ${user}`)).toBe(0)
  expect([ask(500, 'early 7'), ask(500, 'late 7')]).toEqual([500, 1_000])
  for (let user = 0; user < 15_000; user++) expect(ask(1_000, `last ${user}`)).toBe(0)
  expect([ask(1_000, 'early 8'), ask(1_000, 'late 8')]).toEqual([0, 500])
})

test.each([
  { perSecond: 0 },
  { perSecond: -1 },
  { perSecond: Number.NaN },
  { perSecond: 1, burst: 0.5 },
  { perSecond: 1, burst: Number.NaN },
])('%o is no rate', (limit) => {
  expect(() => rateLimit(limit)).toThrow(TypeError)
})

const pass = (_: unknown, next: () => unknown) => next()

test('what returns at once makes no promise, what waits makes one', async () => {
  expect(compose([pass, pass], {}, () => 7)).toBe(7)
  expect(compose([], {}, () => 7)).toBe(7)
  const waits = compose([pass, async (_, next) => next(), pass], {}, () => 7)
  expect(waits).toBeInstanceOf(Promise)
  expect(await waits).toBe(7)
})

test('the core is reached once, by the order of the middlewares, with one context', async () => {
  const seen: unknown[] = []
  const context = {}
  const note = (name: string) => (given: object, next: () => unknown) => {
    seen.push(name, given === context)
    return next()
  }
  expect(compose([note('a'), note('b')], context, () => seen.push('core'))).toBe(5)
  expect(seen).toEqual(['a', true, 'b', true, 'core'])
})

test('next() twice throws, one after the other or at once, also after a failure', async () => {
  let cores = 0
  const core = () => {
    cores += 1
    throw new Error('a bug')
  }
  const twice = (_: unknown, next: () => unknown) => {
    try {
      next()
    } catch {}
    return next()
  }
  expect(() => compose([twice], {}, core)).toThrow('next() twice')
  const both = (_: unknown, next: () => unknown) => Promise.all([next(), next()])
  expect(() => compose([both], {}, async () => (cores += 1))).toThrow('next() twice')
  expect(cores).toBe(2)
})

test('[E3] an answer counts only when the core has ended, and ended well', async () => {
  const failure = new Error('a bug')
  const hides = (_: unknown, next: () => unknown) => {
    try {
      next()
    } catch {}
    return 'fine'
  }
  const fails = () => {
    throw failure
  }
  expect(() => compose([hides], {}, fails)).toThrow(failure)
  const hidesLater = async (_: unknown, next: () => unknown) => {
    await (next() as Promise<unknown>).catch(() => {})
    return 'fine'
  }
  await expect(compose([hidesLater], {}, async () => fails())).rejects.toBe(failure)
  const leaves = (_: unknown, next: () => unknown) => {
    next()
    return 'fine'
  }
  expect(() => compose([leaves], {}, () => new Promise(() => {}))).toThrow('did not wait')
  // The rejection that nobody waits for ends nothing: Vitest would fail the run.
  expect(() => compose([leaves], {}, () => Promise.reject(failure))).toThrow('did not wait')
  expect(compose([leaves], {}, () => 7)).toBe('fine')
  expect(compose([() => 'instead'], {}, fails)).toBe('instead')
})
