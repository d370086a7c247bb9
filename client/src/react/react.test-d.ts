import { createElement as h, type ReactNode } from 'react'
import { expectTypeOf, test } from 'vitest'
import { board } from '../board.contract.ts'
import type { History, JobStatus, Other, Room, RoomStatus } from '../index.ts'
import { roomHooks } from './index.ts'

const { RoomProvider, ...hooks } = roomHooks(board)
type Presence = { name: string; cursor: number | null }

test('the provider takes the parameters and the presence of its definition', () => {
  h(RoomProvider, {
    params: { boardId: 'q3' },
    presence: { name: 'Ada' },
    refused: (error): ReactNode => error.code,
  })
  // @ts-expect-error a parameter is missing
  h(RoomProvider, { params: {} })
  // @ts-expect-error a presence that does not fit
  h(RoomProvider, { params: { boardId: 'q3' }, presence: { nickname: 'Ada' } })
})

test('hooks give what the definition says', () => {
  expectTypeOf(hooks.useRoom()).toEqualTypeOf<Room<typeof board>>()
  expectTypeOf(hooks.useShared((state) => state.title)).toEqualTypeOf<string>()
  expectTypeOf(hooks.useShared((state) => state.notes)).toEqualTypeOf<{ [key: string]: { text: string } }>()
  expectTypeOf(hooks.useShared((state) => state.notes.get('a')?.text)).toEqualTypeOf<string | undefined>()
  expectTypeOf(hooks.useShared((state) => state.score.value > 3)).toEqualTypeOf<boolean>()
  expectTypeOf(hooks.useOthers()).toEqualTypeOf<readonly Other<Presence>[]>()
  expectTypeOf(hooks.useOthers((others) => others.length)).toEqualTypeOf<number>()
  expectTypeOf(hooks.usePresence()[0]).toEqualTypeOf<Presence | null>()
  expectTypeOf(hooks.useJobs()).toEqualTypeOf<readonly JobStatus[]>()
  expectTypeOf(hooks.useStatus()).toEqualTypeOf<RoomStatus>()
  expectTypeOf(hooks.useHistory().canUndo).toEqualTypeOf<History['canUndo']>()
  // @ts-expect-error no such field
  hooks.useShared((state) => state.subtitle)
})

test('a live value is what its schema makes, or what a selector makes of it', () => {
  type Agents = { [key: string]: { x: number } }
  expectTypeOf(hooks.useLive('vote')).toEqualTypeOf<{ open: boolean } | undefined>()
  expectTypeOf(hooks.useLive('agents', { interest: { left: 0 } })).toEqualTypeOf<Agents | undefined>()
  expectTypeOf(hooks.useLive('vote', { select: (vote) => vote?.open ?? false })).toEqualTypeOf<boolean>()
  // @ts-expect-error no such live value
  hooks.useLive('votes')
  // @ts-expect-error an interest of another type
  hooks.useLive('agents', { interest: { left: 'x' } })
  // @ts-expect-error a value that takes no interest
  hooks.useLive('vote', { interest: { left: 0 } })
})

test('a signal has its payload', () => {
  hooks.useSignal('confetti', (payload) => {
    expectTypeOf(payload).toEqualTypeOf<{ x: number; y: number }>()
  })
  // @ts-expect-error no such signal
  hooks.useSignal('balloons', () => {})
  // @ts-expect-error a payload of another type
  hooks.useSignal('confetti', ({ x }: { x: string }) => x)
})

test('setters and dispatch check what they are given', () => {
  const [, setPresence] = hooks.usePresence()
  setPresence({ name: 'Ada' })
  setPresence((current) => current && { ...current, cursor: 1 })
  setPresence(null)
  // @ts-expect-error a name is missing
  setPresence({ cursor: 1 })
  const dispatch = hooks.useDispatch()
  expectTypeOf(dispatch('note.add', { text: 'a' })).resolves.toEqualTypeOf<{ text: string }>()
  dispatch('clear')
  // @ts-expect-error no such event
  dispatch('note.remove', { text: 'a' })
  // @ts-expect-error another input
  dispatch('note.add', { title: 'a' })
})
