import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { doubled, jittered, retryAfterMs } from './backoff.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const dayMs = 24 * 60 * 60 * 1000

test('a wait doubles with every failure, up to its limit', () => {
  const times = [1, 2, 3, 4, 5, 99, 5000].map((failures) => doubled(failures, { firstMs: 100, maxMs: 1_000 }))
  expect(times).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000])
})

test('jitter moves a wait by a fifth at most', () => {
  expect([0, 0.5, 1].map((chance) => jittered(1_000, () => chance))).toEqual([800, 1_000, 1_200])
})

test('Retry-After is seconds or a date, and anything else is nothing', () => {
  const cases: [string | null, number | null][] = [
    [null, null],
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7_000],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['99999999999999999999999', dayMs],
    ['Fri, 31 Dec 9999 23:59:59 GMT', dayMs],
    ['-5', null],
    ['1.5', null],
    ['soon', null],
    ['2026-03-01', null],
    ['Foo, 99 Bar 2026 12:00:30 GMT', null],
    ['', null],
  ]
  for (const [header, ms] of cases) expect([header, retryAfterMs(header, now, dayMs)]).toEqual([header, ms])
})

test('whatever a Retry-After says, the wait is within bounds', () => {
  fc.assert(
    fc.property(fc.string(), (header) => {
      const ms = retryAfterMs(header, now, dayMs)
      expect(ms === null || (ms >= 0 && ms <= dayMs)).toBe(true)
    }),
  )
})
