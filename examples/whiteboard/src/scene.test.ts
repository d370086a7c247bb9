import { expect, test } from 'vitest'
import { localChanges, remoteChanges, type SceneElement } from './scene.ts'

const element = (id: string, version: number, more: Partial<SceneElement> = {}): SceneElement => ({
  id,
  version,
  versionNonce: version * 7,
  isDeleted: false,
  ...more,
})
const always = () => true

test('what has the agreed stamp is not written again', () => {
  const changes = localChanges(
    [element('a', 1), element('b', 2)],
    new Map([
      ['a', '1.7'],
      ['b', '1.7'],
    ]),
    always,
  )
  expect(changes.changed.map(({ id }) => id)).toEqual(['b'])
  expect(changes.removed).toEqual([])
})

test('the same version with another nonce is another change', () => {
  const changes = localChanges([element('a', 1, { versionNonce: 8 })], new Map([['a', '1.7']]), always)
  expect(changes.changed).toHaveLength(1)
})

test('a deletion is written once, and only of what is shared', () => {
  const gone = element('a', 2, { isDeleted: true })
  expect(localChanges([gone], new Map([['a', '1.7']]), always).removed).toEqual(['a'])
  expect(localChanges([gone], new Map(), always).removed).toEqual([])
})

test('an element that the scene has lost is no deletion', () => {
  expect(localChanges([], new Map([['a', '1.7']]), always)).toEqual({ changed: [], removed: [] })
})

test('a mere click is not shared; a shared element that shrank to nothing is', () => {
  const never = () => false
  expect(localChanges([element('a', 1)], new Map(), never).changed).toEqual([])
  expect(localChanges([element('a', 2)], new Map([['a', '1.7']]), never).changed).toHaveLength(1)
})

test('the shared state wins whatever the version numbers say', () => {
  const scene = new Map([['a', element('a', 30)]])
  expect(remoteChanges(['a'], scene, () => element('a', 3))).toEqual([element('a', 3)])
})

test('what the scene shows already is not shown again', () => {
  const scene = new Map([['a', element('a', 3)]])
  expect(remoteChanges(['a'], scene, () => element('a', 3))).toEqual([])
})

test('what is frozen in the state can be changed in the scene', () => {
  const [copy] = remoteChanges(['a'], new Map(), () => Object.freeze(element('a', 1)))
  expect(Object.isFrozen(copy)).toBe(false)
})

test('what is gone from the state is deleted in the scene, as a new version', () => {
  const scene = new Map([['a', element('a', 3)]])
  const [deleted] = remoteChanges(['a'], scene, () => undefined)
  expect(deleted).toMatchObject({ id: 'a', version: 4, isDeleted: true })
  expect(deleted?.versionNonce).not.toBe(21)
  expect(remoteChanges(['a'], new Map([['a', deleted!]]), () => undefined)).toEqual([])
})

test('what somebody restored is shown again', () => {
  const scene = new Map([['a', element('a', 4, { isDeleted: true })]])
  expect(remoteChanges(['a'], scene, () => element('a', 4))).toEqual([element('a', 4)])
})
