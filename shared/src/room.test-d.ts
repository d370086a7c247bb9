import { type } from 'arktype'
import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import {
  type AnyRoom,
  type CounterView,
  counter,
  createState,
  defineRoom,
  type EventInput,
  type EventName,
  type EventOutput,
  type EventParsed,
  event,
  type JobInput,
  type ListView,
  type LiveInput,
  type LiveOf,
  list,
  live,
  liveMap,
  type MapView,
  map,
  matchRoom,
  type ParamsOf,
  type PresenceInput,
  type PresenceOf,
  type RichTextView,
  record,
  richText,
  roomName,
  type SignalsOf,
  type StateJson,
  type StateOf,
  type TextView,
  text,
  type ValueView,
  value,
} from './index.ts'

// Every promise of the definition's types, for three schema libraries. `tsc` is the test runner.

const Note = z.object({ text: z.string(), color: z.string().default('yellow') })
type NoteOut = { text: string; color: string }
type NoteIn = { text: string; color?: string | undefined }

const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    body: richText(),
    notes: map(Note),
    items: list(v.object({ label: v.string() })),
    tags: list(type('string')),
    cards: map(
      record({ title: text(), done: value(z.boolean(), { default: false }), due: value(z.string()) }),
    ),
    score: counter({ writers: 'handlers' }),
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    owner: value(z.string()),
    meta: record({ author: value(type('string')), intro: text() }),
  },
  presence: z.object({
    name: z.string(),
    cursor: z.tuple([z.number(), z.number()]).nullable().default(null),
  }),
  live: { vote: v.object({ open: v.boolean() }) },
  signals: { confetti: type({ x: 'number' }) },
  events: {
    'note.add': event(Note, z.object({ noteId: z.string() })),
    'vote.open': event(v.object({ seconds: v.optional(v.number(), 30) })),
    'count.get': event(undefined, type('number')),
    ping: event(),
  },
  jobs: { 'vote.close': z.object({ force: z.boolean().default(false) }) },
})
type Board = typeof board

const state = createState(board, new Y.Doc(), { writer: 'client', transact: (write) => write() })

const card = state.cards.get('a')!
const bare = defineRoom('bare', {})

declare function dispatch<R extends AnyRoom, E extends EventName<R>>(
  room: R,
  event: E,
  ...input: EventInput<R, E> extends void ? [] : [input: EventInput<R, E>]
): EventOutput<R, E>

function defineTags() {
  const tagged = defineRoom('tagged', { state: { tags: map(z.array(z.string())) } })
  return createState(tagged, new Y.Doc(), { writer: 'client', transact: (write) => write() }).tags
}

function anyRoom<R extends AnyRoom>(definition: R, params: ParamsOf<R>): StateOf<R> {
  roomName(definition, params)
  return createState(definition, new Y.Doc(), { writer: 'client', transact: (write) => write() })
}

test('names and parameters', () => {
  expectTypeOf<EventName<Board>>().toEqualTypeOf<'note.add' | 'vote.open' | 'count.get' | 'ping'>()
  expectTypeOf<ParamsOf<Board>>().toEqualTypeOf<{ readonly boardId: string }>()
  expectTypeOf(matchRoom(board, 'board/q3')).toEqualTypeOf<{ readonly boardId: string } | null>()
  roomName(board, { boardId: 'q3' })
  // @ts-expect-error a parameter is missing
  roomName(board, {})
  // @ts-expect-error a parameter is misspelled
  roomName(board, { bordId: 'q3' })
})

test('events: what the caller passes, what the handler sees, what comes back', () => {
  expectTypeOf<EventInput<Board, 'note.add'>>().toEqualTypeOf<NoteIn>()
  expectTypeOf<EventParsed<Board, 'note.add'>>().toEqualTypeOf<NoteOut>()
  expectTypeOf<EventOutput<Board, 'note.add'>>().toEqualTypeOf<{ noteId: string }>()
  expectTypeOf<EventInput<Board, 'vote.open'>>().toEqualTypeOf<{ seconds?: number | undefined }>()
  expectTypeOf<EventParsed<Board, 'vote.open'>>().toEqualTypeOf<{ seconds: number }>()
  expectTypeOf<EventOutput<Board, 'vote.open'>>().toEqualTypeOf<void>()
  expectTypeOf<EventInput<Board, 'count.get'>>().toEqualTypeOf<void>()
  expectTypeOf<EventOutput<Board, 'count.get'>>().toEqualTypeOf<number>()
  expectTypeOf<EventInput<Board, 'ping'>>().toEqualTypeOf<void>()
  // @ts-expect-error no such event
  expectTypeOf<EventInput<Board, 'note.ad'>>()
})

test('events: a dispatch takes and gives what the definition says', () => {
  expectTypeOf(dispatch(board, 'note.add', { text: 'Ship' })).toEqualTypeOf<{ noteId: string }>()
  dispatch(board, 'ping')
  // @ts-expect-error a wrong event name
  dispatch(board, 'note.remove', {})
  // @ts-expect-error a wrong input
  dispatch(board, 'note.add', { text: 1 })
  // @ts-expect-error the input is missing
  dispatch(board, 'note.add')
  // @ts-expect-error an input that the event does not take
  dispatch(board, 'ping', { text: 'Ship' })
  // @ts-expect-error a wrong output
  dispatch(board, 'note.add', { text: 'Ship' }) satisfies number
})

test('presence, live values, signals and jobs', () => {
  expectTypeOf<PresenceOf<Board>>().toEqualTypeOf<{ name: string; cursor: [number, number] | null }>()
  expectTypeOf<PresenceInput<Board>>().toEqualTypeOf<{
    name: string
    cursor?: [number, number] | null | undefined
  }>()
  expectTypeOf<LiveOf<Board>>().toEqualTypeOf<{ readonly vote: { open: boolean } }>()
  expectTypeOf<SignalsOf<Board>>().toEqualTypeOf<{ readonly confetti: { x: number } }>()
  expectTypeOf<JobInput<Board>>().toEqualTypeOf<{ readonly 'vote.close': { force?: boolean | undefined } }>()
  // @ts-expect-error a wrong presence
  const presence: PresenceInput<Board> = { nam: 'Ada' }
  expectTypeOf(presence).toBeObject()
  // @ts-expect-error a wrong live value
  const vote: LiveOf<Board>['vote'] = { open: 'yes' }
  expectTypeOf(vote).toBeObject()
  // @ts-expect-error no such live value
  expectTypeOf<LiveOf<Board>['vot']>()
})

test('live values: bare schemas, with options, and maps', () => {
  const game = defineRoom('game', {
    live: {
      vote: Note,
      count: live(type('number'), { initial: 0 }),
      agents: liveMap(v.object({ x: v.optional(v.number(), 0) }), {
        interest: {
          schema: z.object({ left: z.number().default(1) }),
          match: (agent, view) => {
            expectTypeOf(agent).toEqualTypeOf<{ x: number }>()
            expectTypeOf(view).toEqualTypeOf<{ left: number }>()
            return agent.x > view.left
          },
        },
      }),
      balls: liveMap(z.number()),
    },
  })
  expectTypeOf<LiveOf<typeof game>>().toEqualTypeOf<{
    readonly vote: NoteOut
    readonly count: number
    readonly agents: { [key: string]: { x: number } }
    readonly balls: { [key: string]: number }
  }>()
  expectTypeOf<LiveInput<typeof game>['vote']>().toEqualTypeOf<NoteIn>()
  expectTypeOf<LiveInput<typeof game>['agents']>().toEqualTypeOf<{
    [key: string]: { x?: number | undefined }
  }>()
  // @ts-expect-error an initial value of another type
  live(z.number(), { initial: 'x' })
  // @ts-expect-error not a schema
  liveMap({ x: 0 })
})

test('state: the views', () => {
  expectTypeOf(state).toEqualTypeOf<StateOf<Board>>()
  expectTypeOf(state.title).toEqualTypeOf<TextView>()
  expectTypeOf(state.body).toEqualTypeOf<RichTextView>()
  expectTypeOf(state.notes).toEqualTypeOf<MapView<NoteOut, NoteIn>>()
  expectTypeOf(state.notes.get('a')).toEqualTypeOf<NoteOut | undefined>()
  expectTypeOf([...state.notes]).toEqualTypeOf<[key: string, value: NoteOut][]>()
  expectTypeOf(state.items).toEqualTypeOf<ListView<{ label: string }, { label: string }>>()
  expectTypeOf(state.tags.get(0)).toEqualTypeOf<string | undefined>()
  expectTypeOf(state.score).toEqualTypeOf<CounterView>()
  expectTypeOf(state.status).toEqualTypeOf<ValueView<'open' | 'closed', 'open' | 'closed'>>()
  expectTypeOf(state.status.get()).toEqualTypeOf<'open' | 'closed'>()
  expectTypeOf(state.owner.get()).toEqualTypeOf<string | undefined>()
  expectTypeOf(state.meta.intro).toEqualTypeOf<TextView>()
  expectTypeOf(state.meta.author.get()).toEqualTypeOf<string | undefined>()
  expectTypeOf(card.title).toEqualTypeOf<TextView>()
  expectTypeOf(card.done.get()).toEqualTypeOf<boolean>()
  expectTypeOf(card.due.get()).toEqualTypeOf<string | undefined>()
})

test('state: what a write takes', () => {
  state.notes.set('a', { text: 'Ship' })
  state.notes.update('a', { color: 'red' })
  state.notes.update('a', (note) => ({ ...note, text: note.text.trim() }))
  state.cards.set('a', { title: 'Ship', due: 'today' })
  card.set({ done: true })
  state.items.push({ label: 'a' }, { label: 'b' })
  // @ts-expect-error no such field
  state.titel
  // @ts-expect-error fields cannot be replaced
  state.title = {} as TextView
  // @ts-expect-error a wrong value
  state.notes.set('a', { text: 1 })
  // @ts-expect-error a property is missing
  state.notes.set('a', { color: 'red' })
  // @ts-expect-error a wrong property in a partial value
  state.notes.update('a', { colour: 'red' })
  // @ts-expect-error a wrong result
  state.notes.update('a', () => 'red')
  // @ts-expect-error a wrong item
  state.items.push({ label: 1 })
  // @ts-expect-error an array cannot be updated by property
  defineTags().update('a', ['x'])
  // @ts-expect-error a wrong value
  state.status.set('opened')
  // @ts-expect-error text is not replaced by assignment in a record
  card.set({ title: 'Ship' })
  // @ts-expect-error a wrong initial content
  state.cards.set('a', { title: 1 })
  // @ts-expect-error an unknown field in initial content
  state.cards.set('a', { titel: 'Ship' })
  // @ts-expect-error records are changed through their view
  state.cards.update('a', { done: true })
  // @ts-expect-error a counter takes numbers
  state.score.add('1')
})

test('state as JSON', () => {
  expectTypeOf(state.toJSON()).toEqualTypeOf<StateJson<Board>>()
  expectTypeOf<StateJson<Board>>().toEqualTypeOf<{
    title: string
    body: string
    notes: { [key: string]: NoteOut }
    items: { label: string }[]
    tags: string[]
    cards: { [key: string]: { title: string; done: boolean; due: string | undefined } }
    score: number
    status: 'open' | 'closed'
    owner: string | undefined
    meta: { author: string | undefined; intro: string }
  }>()
  expectTypeOf(state.cards.toJSON()).toEqualTypeOf<
    Record<string, { title: string; done: boolean; due: string | undefined }>
  >()
  expectTypeOf(state.notes.toJSON()).toEqualTypeOf<Record<string, NoteOut>>()
})

test('definitions', () => {
  // @ts-expect-error a misspelled part
  defineRoom('board', { event: { ping: event() } })
  // @ts-expect-error a schema is not a field
  defineRoom('board', { state: { title: z.string() } })
  // @ts-expect-error a field is not a schema
  defineRoom('board', { presence: text() })
  // @ts-expect-error a schema is not an event
  defineRoom('board', { events: { ping: z.string() } })
  // @ts-expect-error elements of a map are plain values already
  map(value(z.string()))
  // @ts-expect-error a default that the schema does not take
  value(z.enum(['open']), { default: 'closed' })
  // @ts-expect-error no such writers
  text({ writers: 'nobody' })
})

test('a room without anything', () => {
  expectTypeOf<EventName<typeof bare>>().toEqualTypeOf<never>()
  expectTypeOf<PresenceOf<typeof bare>>().toEqualTypeOf<undefined>()
  expectTypeOf<keyof ParamsOf<typeof bare>>().toEqualTypeOf<never>()
  roomName(bare, {})
})

test('one type parameter stands for any room', () => {
  expectTypeOf(anyRoom(board, { boardId: 'q3' }).title).toEqualTypeOf<TextView>()
  expectTypeOf(anyRoom(bare, {}).toJSON()).toEqualTypeOf<StateJson<typeof bare>>()
})
