import { counter, defineRoom, event, map, text } from '@interplay/shared'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { implement } from '../events/implement.ts'
import { remote } from './remote.ts'

// What a remote handler takes and gives follows from the definition.
const board = defineRoom('board/:boardId', {
  state: { title: text(), notes: map(z.object({ text: z.string() })), score: counter() },
  events: {
    'note.tag': event(z.object({ noteId: z.string() }), z.object({ tags: z.array(z.string()) })),
    'score.add': event(z.object({ by: z.number().default(1) })),
  },
})
const service = { url: 'https://tags.example.org', secret: 'whsec_c2VjcmV0' }

test('a remote handler stands where a handler does', () => {
  implement(board).on({
    'note.tag': remote({ ...service, state: ['notes', 'title'] }),
    'score.add': { guard: ({ actor }) => actor.userId !== '', handle: remote(service) },
  })
  implement(board)
    .admit(() => ({ userId: 'ada', admin: true }))
    .on({ 'note.tag': remote(service) })
    .on('score.*', remote({ ...service, state: ['score'] }))
})

test('fields that the state does not have are refused', () => {
  implement(board).on({
    // @ts-expect-error
    'note.tag': remote({ ...service, state: ['tags'] }),
  })
})

test('a handler of its own can go on with the output', () => {
  const tag = remote<typeof board, 'note.tag', { userId: string }>(service)
  implement(board).on({
    'note.tag': async (context) => {
      const output = await tag(context)
      expectTypeOf(output).toEqualTypeOf<{ tags: string[] }>()
      return { tags: output.tags.slice(0, 3) }
    },
  })
  implement(board).on({
    // @ts-expect-error: the output of another event
    'score.add': async (context) => tag(context),
  })
})
