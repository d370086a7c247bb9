import { expect, test } from 'vitest'
import { maxEventIdLength, newEventId } from './index.ts'

test('an event id is a UUID of version 7', () => {
  const id = newEventId()
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(id.length).toBeLessThanOrEqual(maxEventIdLength)
})

test('it begins with its time in milliseconds, all 48 bits of it', () => {
  expect(newEventId(0x0123456789ab)).toMatch(/^01234567-89ab-7/)
  expect(newEventId(0)).toMatch(/^00000000-0000-7/)
  expect(newEventId(2 ** 48 - 1)).toMatch(/^ffffffff-ffff-7/)
})

test('ids sort by time, and two of the same time differ', () => {
  const times = [0, 1, 255, 256, 65_536, 1_700_000_000_000, 2 ** 47]
  const ids = times.map((time) => newEventId(time))
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(Array.from({ length: 1_000 }, () => newEventId(1)))).toHaveProperty('size', 1_000)
})
