import { expect, test } from 'vitest'
import { memoryLog } from '../log/memory.ts'
import {
  backoffMs,
  deliveryTarget,
  eventTarget,
  justBefore,
  queuedPrefix,
  queuedTaskId,
  queueTaskId,
} from './task.ts'

test('ids of a queue sort as they were queued, and no target is taken for another', () => {
  const places = [
    [9, 0],
    [10, 0],
    [10, 2],
    [10, 10],
    [10, 10_000],
    [123_456_789, 1],
  ] as const
  const target = eventTarget('board/q3')
  const ids = places.map(([position, index]) => queuedTaskId(target, position, index))
  expect(ids.toSorted()).toEqual(ids)
  expect(ids.every((id) => id.startsWith(queuedPrefix(target)))).toBe(true)
  const others = [eventTarget('board'), eventTarget('board/q'), deliveryTarget('board')]
  for (const other of others) expect(ids.some((id) => id.startsWith(queuedPrefix(other)))).toBe(false)
  expect(queueTaskId(target)).not.toBe(queueTaskId(deliveryTarget('board/q3')))
})

test('the page that begins just before an id has that id first', async () => {
  const ids = [
    'a',
    'a\0',
    'ab',
    'aé',
    'a\u007f',
    'a\ud7ff',
    'a\ue000',
    'a\uffff',
    'a😀',
    'a\u{10ffff}',
    'b',
    'job/k',
    'ö',
  ]
  const log = memoryLog()
  await log.append('r', [{ tasks: ids.map((id) => ({ put: { id, due: null, content: '' } })) }])
  for (const id of ids) {
    const before = justBefore(id)
    expect([id, before.isWellFormed()]).toEqual([id, true])
    expect((await log.tasks('r', before, 1))[0]?.id).toBe(id)
  }
})

test('the time before the next attempt doubles up to an hour, less up to a half by chance', () => {
  const policy = { attempts: 50, backoffMs: 1_000 }
  expect([1, 2, 3, 12, 13, 49].map((failures) => backoffMs(failures, policy, () => 1))).toEqual([
    1_000, 2_000, 4_000, 2_048_000, 3_600_000, 3_600_000,
  ])
  expect(backoffMs(3, policy, () => 0)).toBe(2_000)
  expect(backoffMs(9, { attempts: 9, backoffMs: 0 }, () => 1)).toBe(0)
})
