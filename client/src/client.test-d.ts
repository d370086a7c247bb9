import { counter, defineRoom, event, list, live, liveMap, map, text, value } from '@interplay/shared'
import { expectTypeOf, test } from 'vitest'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import { z } from 'zod'
import {
  createClient,
  type JobStatus,
  type Live,
  type LiveEntities,
  type Room,
  type RoomStatus,
} from './index.ts'
import { interpolated } from './interpolation.ts'

const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string() })),
    items: list(z.number()),
    score: counter({ writers: 'handlers' }),
    status: value(z.enum(['open', 'done']), { default: 'open' }),
  },
  presence: z.object({ name: z.string(), cursor: z.number().default(0) }),
  events: {
    'note.add': event(
      z.object({ text: z.string(), done: z.boolean().default(false) }),
      z.object({ noteId: z.string() }),
    ),
    clear: event(),
    maybe: event(z.string().optional()),
  },
  live: {
    vote: z.object({ open: z.boolean().default(false) }),
    count: live(z.number(), { initial: 0, maxPerSecond: 10 }),
    agents: liveMap(z.object({ x: z.number() }), {
      interest: {
        schema: z.object({ left: z.number().default(0) }),
        match: (agent, view) => agent.x > view.left,
      },
    }),
    balls: liveMap(z.object({ x: z.number() })),
  },
  signals: {
    confetti: z.object({ x: z.number(), y: z.number().default(0) }),
    ping: z.undefined(),
  },
  jobs: { summarise: z.object({}) },
})
const lobby = defineRoom('lobby', {})

const client = createClient({ url: 'ws://localhost' })
const room = client.join(board, { boardId: 'q3' }, { presence: { name: 'Ada' } })

test('rooms are joined by the parameters of their pattern', () => {
  expectTypeOf(room).toEqualTypeOf<Room<typeof board>>()
  expectTypeOf(room.params).toEqualTypeOf<{ readonly boardId: string }>()
  client.join(lobby, {})
  // @ts-expect-error a parameter is missing
  client.join(board, {})
  // @ts-expect-error another parameter
  client.join(board, { roomId: 'q3' })
  // @ts-expect-error a presence that does not fit
  client.join(board, { boardId: 'q3' }, { presence: { nickname: 'Ada' } })
})

test('events have their names, inputs and outputs', () => {
  expectTypeOf(room.dispatch('note.add', { text: 'Ship' })).resolves.toEqualTypeOf<{ noteId: string }>()
  expectTypeOf(room.dispatch('clear')).resolves.toEqualTypeOf<void>()
  room.dispatch('clear', undefined, { signal: new AbortController().signal })
  room.dispatch('maybe')
  room.dispatch('maybe', 'yes')
  // @ts-expect-error no such event
  room.dispatch('note.remove', { text: 'Ship' })
  // @ts-expect-error the input is missing
  room.dispatch('note.add')
  // @ts-expect-error a field of the input is missing
  room.dispatch('note.add', { done: true })
  // @ts-expect-error a field of the input has another type
  room.dispatch('note.add', { text: 7 })
  // @ts-expect-error this event takes nothing
  room.dispatch('clear', { text: 'Ship' })
  // @ts-expect-error the output has no such field
  room.dispatch('note.add', { text: 'Ship' }).then(({ id }) => id)
})

test('the state has its fields', () => {
  expectTypeOf(room.state.title.toString()).toEqualTypeOf<string>()
  expectTypeOf(room.state.notes.get('a')).toEqualTypeOf<{ text: string } | undefined>()
  expectTypeOf(room.state.status.get()).toEqualTypeOf<'open' | 'done'>()
  // @ts-expect-error no such field
  room.state.subtitle
  // @ts-expect-error an element of another type
  room.state.items.push('seven')
  // @ts-expect-error a value that is none of the two
  room.state.status.set('closed')
})

test('presence is set as its schema takes it and read as its schema makes it', () => {
  expectTypeOf(room.presence.get()).toEqualTypeOf<{ name: string; cursor: number } | null>()
  expectTypeOf(room.others.get()[0]!.presence.cursor).toEqualTypeOf<number>()
  expectTypeOf(room.others.get()[0]!.sessionId).toEqualTypeOf<number>()
  room.presence.set({ name: 'Ada' })
  room.presence.set(null)
  room.presence.update({ cursor: 3 })
  // @ts-expect-error a name is missing
  room.presence.set({ cursor: 3 })
  // @ts-expect-error no such field
  room.presence.update({ color: 'red' })
})

test('signals have their names and payloads, as their schema makes them', () => {
  const stop = room.onSignal('confetti', (payload) => {
    expectTypeOf(payload).toEqualTypeOf<{ x: number; y: number }>()
  })
  expectTypeOf(stop).toEqualTypeOf<() => void>()
  room.onSignal('ping', () => {})
  // @ts-expect-error no such signal
  room.onSignal('balloons', () => {})
  // @ts-expect-error an event is no signal
  room.onSignal('clear', () => {})
  // @ts-expect-error a payload of another type
  room.onSignal('confetti', ({ x }: { x: string }) => x)
  // @ts-expect-error the payload has no such field
  room.onSignal('confetti', ({ z }) => z)
  // @ts-expect-error a room without signals
  client.join(lobby, {}).onSignal('confetti', () => {})
})

test('live values have their names and what their schema makes', () => {
  type Agents = { [key: string]: { x: number } }
  expectTypeOf(room.live.vote).toEqualTypeOf<Live<{ open: boolean }>>()
  expectTypeOf(room.live.count.get()).toEqualTypeOf<number | undefined>()
  expectTypeOf(room.live.agents).toEqualTypeOf<LiveEntities<Agents, { left?: number | undefined }>>()
  expectTypeOf(room.live.balls).toEqualTypeOf<Live<Agents>>()
  const stop = room.live.vote.subscribe((vote) => {
    expectTypeOf(vote).toEqualTypeOf<{ open: boolean }>()
  })
  expectTypeOf(stop).toEqualTypeOf<() => void>()
  room.live.agents.subscribe(() => {}, { interest: { left: 3 } })
  room.live.agents.setInterest(undefined)
  expectTypeOf(interpolated(room.live.agents, { delayMs: 100 }).get()).toEqualTypeOf<Agents | undefined>()
  // @ts-expect-error no such live value
  room.live.votes
  // @ts-expect-error a client sets no live values
  room.live.vote.set({ open: true })
  // @ts-expect-error an interest of another type
  room.live.agents.setInterest({ left: 'x' })
  // @ts-expect-error a map without an interest
  room.live.balls.setInterest({ left: 3 })
  // @ts-expect-error a room without live values
  client.join(lobby, {}).live.vote
})

test('jobs are told with their status', () => {
  expectTypeOf(room.jobs.get()).toEqualTypeOf<readonly JobStatus[]>()
  room.jobs.subscribe(() => {})
  expectTypeOf(room.onJob).parameter(0).parameter(0).toEqualTypeOf<JobStatus>()
  expectTypeOf<JobStatus['at']>().toEqualTypeOf<'waiting' | 'running' | 'done' | 'failed' | 'cancelled'>()
  // @ts-expect-error a snapshot is not for writing
  room.jobs.get().push({ id: 'a', name: 'summarise', at: 'running', attempt: 1 })
})

test('the document and the awareness are plain Yjs', () => {
  expectTypeOf(room.doc).toEqualTypeOf<Y.Doc>()
  expectTypeOf(room.awareness).toEqualTypeOf<Awareness>()
})

test('the status is a union to switch over', () => {
  const text = (status: RoomStatus): string => {
    switch (status.at) {
      case 'connecting':
      case 'synced':
      case 'left':
        return status.at
      case 'unsaved':
        return `${status.edits} edits and ${status.events} events since ${status.since}`
      case 'offline':
        return `offline until ${status.retryAt}: ${status.error?.code}`
      case 'refused':
        return status.error.code
    }
  }
  expectTypeOf(text).returns.toEqualTypeOf<string>()
})

test('an open room has no state, no events, no signals and no jobs', () => {
  const open = client.openRoom('any/name')
  // @ts-expect-error there is no definition
  open.state
  // @ts-expect-error there is no definition
  open.dispatch('clear')
  // @ts-expect-error there is no definition
  open.onSignal('confetti', () => {})
  // @ts-expect-error there is no definition
  open.jobs
  // @ts-expect-error there is no definition
  open.live
  const typed = client.openRoom<{ name: string }>('any/name', { presence: { name: 'Ada' } })
  expectTypeOf(typed.presence.get()).toEqualTypeOf<{ name: string } | null>()
})

test('any WebSocket fits', () => {
  createClient({ url: 'ws://localhost', WebSocket, token: async () => 'key' })
})

test('the client cannot import the server, not even its types', () => {
  // @ts-expect-error the server is out of reach
  type Server = import('@interplay/server').InterplayServer
  const server = {} as Server
  void server
})
