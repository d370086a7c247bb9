import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  counter,
  defineRoom,
  event,
  list,
  live,
  liveMap,
  map,
  type RoomShape,
  record,
  restrictedRoots,
  richText,
  text,
  value,
} from './index.ts'

/** What a caller without types could pass. */
const define =
  (shape: unknown, pattern = 'board/:boardId') =>
  () =>
    defineRoom(pattern, shape as RoomShape as never)

test('a definition has all its parts, and they hold no names of their own', () => {
  const board = defineRoom('board/:boardId', { events: { ping: event() } })
  expect(board.pattern).toBe('board/:boardId')
  expect(board.presence).toBeUndefined()
  for (const part of ['state', 'live', 'signals', 'events', 'jobs'] as const) {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect((board[part] as Record<string, unknown>)[name]).toBeUndefined()
    }
  }
  expect(Object.isFrozen(board)).toBe(true)
  expect(Object.isFrozen(board.events)).toBe(true)
})

test('patterns that cannot name a room are refused with what to change', () => {
  for (const [pattern, message] of [
    ['', 'no segment may be empty'],
    ['board/', 'no segment may be empty'],
    ['/board', 'no segment may be empty'],
    ['board//x', 'no segment may be empty'],
    ['board/..', 'letters, digits'],
    ['board/a b', 'letters, digits'],
    ['board/é', 'letters, digits'],
    ['board/:', 'Name it like ":boardId"'],
    ['board/:a-b', 'Name it like ":boardId"'],
    ['board/:__proto__', 'Name it like ":boardId"'],
    ['board/:constructor', 'Name it like ":boardId"'],
    ['board/:id/:id', 'is there twice'],
  ] as const) {
    expect(define({}, pattern), pattern).toThrow(TypeError)
    expect(define({}, pattern), pattern).toThrow(message)
  }
})

test('names that would not work are refused with what to change', () => {
  expect(define({ state: { Title: text() } })).toThrow('"Title" is not a usable name')
  expect(define({ state: { 'a.b': text() } })).toThrow('"a.b" is not a usable name')
  expect(define({ state: { constructor: text() } })).toThrow('"constructor" is reserved')
  expect(define({ state: { toJSON: text() } })).toThrow('"toJSON" is a member of every view')
  expect(define({ state: { meta: record({ yjs: text() }) } })).toThrow('state.meta.yjs')
  expect(define({ state: { cards: map(record({ set: text() })) } })).toThrow('state.cards[].set')
  expect(define({ live: { 'vote.open': z.number() } })).toThrow('Write it like "noteCount"')
  expect(define({ events: { 'note add': event() } })).toThrow('Write it like "note.add"')
  expect(define({ events: { ['x'.repeat(200)]: event() } })).toThrow('at most 128 long')
  expect(define({ jobs: { valueOf: z.object({}) } })).toThrow('reserved')
})

test('parts of the wrong kind are refused with what to change', () => {
  expect(define({ event: {} })).toThrow('"event" is not a part of a room. It has state, presence')
  expect(define({ state: { title: z.string() } })).toThrow('title: value(schema)')
  expect(define({ state: { title: null } })).toThrow('state.title is not a field')
  expect(define({ state: null })).toThrow('state must be an object')
  expect(define({ presence: {} })).toThrow('presence needs a schema')
  expect(define({ live: { vote: 1 } })).toThrow('live.vote needs a schema')
  expect(define({ live: { vote: {} } })).toThrow('live.vote needs a schema')
  expect(() => live({} as never)).toThrow('live needs a schema')
  expect(() => live(z.number(), { initial: 'x' as never })).toThrow('number')
  expect(() => liveMap(z.number(), { maxPerSecond: 0 })).toThrow('maxPerSecond is above 0')
  expect(() => liveMap(z.number(), { interest: { schema: {} as never, match: () => true } })).toThrow(
    'interest',
  )
  expect(define({ events: { ping: z.string() } })).toThrow('event(schema), or event() without one')
  expect(define({ events: { ping: event('x' as never) } })).toThrow(
    'the input of events["ping"] needs a schema',
  )
  expect(() => map(value(z.string()) as never)).toThrow('Write map(schema), not map(value(schema))')
  expect(() => list(undefined as never)).toThrow('list() needs a schema or a field')
  expect(() => value(undefined as never)).toThrow('value() needs a schema')
  expect(() => text({ writers: 'nobody' as never })).toThrow("'everyone' or 'handlers'")
})

test('a default must fit its schema, and that schema must answer at once', () => {
  expect(() => value(z.enum(['open']), { default: 'closed' as never })).toThrow('default')
  const slow = z.string().refine(async () => true)
  expect(() => value(slow, { default: 'x' })).toThrow()
})

test('writers are set where the server can check them', () => {
  const handlers = { writers: 'handlers' } as const
  expect(define({ state: { cards: map(record({ title: text(handlers) })) } })).toThrow('on the map or list')
  expect(define({ state: { cards: list(map(text(handlers))) } })).toThrow('on the map or list')
  expect(define({ state: { meta: record({ author: value(z.string(), handlers) }) } })).toThrow(
    'on the record',
  )
})

test('[S5] restricted roots are the fields of handlers with all their children', () => {
  const handlers = { writers: 'handlers' } as const
  const room = defineRoom('room', {
    state: {
      title: text(),
      body: richText(handlers),
      score: counter(handlers),
      status: value(z.string(), handlers),
      cards: map(record({ title: text() }), handlers),
      meta: record({ author: value(z.string()), intro: text(), deep: record({ hits: counter() }) }, handlers),
      open: record({
        note: text(),
        hits: counter(handlers),
        deep: record({ log: list(z.string(), handlers) }),
      }),
    },
  })
  expect([...restrictedRoots(room)].sort()).toEqual([
    'body',
    'cards',
    'meta',
    'meta.deep',
    'meta.deep.hits',
    'meta.intro',
    'open.deep.log',
    'open.hits',
    'score',
    'status',
  ])
})
