import { newEventId } from '@interplay/shared/protocol'
import { expect, test } from 'vitest'
import { SeenEvents } from './seen-events.ts'

test('[E1] an id that was added is never called new', () => {
  const seen = new SeenEvents()
  const ids = Array.from({ length: 100_000 }, (_, index) =>
    index % 2 === 0 ? newEventId(index) : `order-${index}`,
  )
  for (const id of ids) seen.add(id)
  expect(ids.every((id) => seen.mayHave(id))).toBe(true)
})

test('few new ids are taken for seen ones, also for ids that differ in one digit', () => {
  const seen = new SeenEvents()
  for (let index = 0; index < 60_000; index++) seen.add(`event-${index}`)
  let alarms = 0
  for (let index = 60_000; index < 160_000; index++) if (seen.mayHave(`event-${index}`)) alarms += 1
  expect(alarms).toBeLessThan(2_000)
})

test('an empty room has seen nothing', () => {
  expect(new SeenEvents().mayHave('event')).toBe(false)
})
