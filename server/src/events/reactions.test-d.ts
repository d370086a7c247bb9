import { counter, defineRoom, list, map, record, text, value } from '@interplay/shared'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Change, RemovedChange } from './context.ts'
import { implement } from './implement.ts'

// What a reaction is told follows from its field.
const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string() })),
    cards: map(record({ name: value(z.string()), dots: counter() })),
    queue: list(z.number()),
    meta: record({ open: value(z.boolean(), { default: true }), body: text() }),
    status: value(z.enum(['open', 'closed'])),
    score: counter(),
  },
})

test('changes have the type of what changed', () => {
  implement(board).react({
    changed: {
      title: ({ changed }) => expectTypeOf(changed[0]!.value).toEqualTypeOf<string>(),
      notes: ({ added, changed, removed, by }) => {
        expectTypeOf(added[0]!.value.text).toEqualTypeOf<string>()
        expectTypeOf(changed).toEqualTypeOf<readonly Change<{ text: string }>[]>()
        expectTypeOf(removed).toEqualTypeOf<readonly RemovedChange<{ text: string }>[]>()
        expectTypeOf(by).toEqualTypeOf<readonly string[]>()
      },
      cards: ({ added }) =>
        expectTypeOf(added[0]!.value).toEqualTypeOf<{ name: string | undefined; dots: number }>(),
      queue: ({ removed }) => expectTypeOf(removed[0]!.before).toEqualTypeOf<number | undefined>(),
      meta: ({ changed }) => expectTypeOf(changed[0]!.value).toEqualTypeOf<string | boolean>(),
      status: ({ changed }) => expectTypeOf(changed[0]!.value).toEqualTypeOf<'open' | 'closed' | undefined>(),
      score: ({ changed, state }) => {
        expectTypeOf(changed[0]!.before).toEqualTypeOf<number | undefined>()
        state.queue.push(changed[0]!.value)
      },
    },
  })
})

test('fields that the state does not have are refused', () => {
  implement(board).react({
    // @ts-expect-error
    changed: { nothing: () => {} },
  })
})
