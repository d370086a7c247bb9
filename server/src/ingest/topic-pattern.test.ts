import { expect, test } from 'vitest'
import { TopicPattern } from './topic-pattern.ts'

test('a pattern names the levels of a topic, and the broker gets it without the names', () => {
  const pattern = new TopicPattern('sensors/+id/temperature')
  expect(pattern.filter).toBe('sensors/+/temperature')
  expect(pattern.match('sensors/kitchen/temperature')).toEqual({ id: 'kitchen' })
  expect(pattern.match('sensors//temperature')).toEqual({ id: '' })
  for (const other of [
    'sensors/kitchen',
    'sensors/kitchen/temperature/now',
    'sensors/a/b/temperature',
    'x',
    '',
  ])
    expect(pattern.match(other), other).toBeNull()
})

test('the rest of a topic, levels without a name, and shared subscriptions', () => {
  const rest = new TopicPattern('$share/plant/+site/#rest')
  expect(rest.filter).toBe('$share/plant/+/#')
  expect(rest.match('berlin/a/b')).toEqual({ site: 'berlin', rest: 'a/b' })
  expect(rest.match('berlin')).toEqual({ site: 'berlin', rest: '' })
  const plain = new TopicPattern('+/status/#')
  expect(plain.filter).toBe('+/status/#')
  expect(plain.match('a/status/b')).toEqual({})
  expect(plain.match('a/other/b')).toBeNull()
})

test('a pattern that no broker would take is refused, with its fault', () => {
  for (const wrong of [
    '',
    'a/#rest/b',
    'a/b+c',
    'a/+b+c',
    '+id/+id',
    '+constructor',
    '$share/x',
    '$share//a',
    'a\0b',
  ])
    expect(() => new TopicPattern(wrong), wrong).toThrow(TypeError)
})
