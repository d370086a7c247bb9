import { implement } from '@interplay/server'
import { counter, defineRoom, event, list, map, text, value } from '@interplay/shared'
import { z } from 'zod'

/** A room for tests: something to edit, something only handlers write, and events that succeed, refuse, throw and wait. */
export const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string(), by: z.string() })),
    entries: list(z.string()),
    score: counter({ writers: 'handlers' }),
    applied: list(z.string(), { writers: 'handlers' }),
    status: value(z.string()),
  },
  presence: z.object({ name: z.string() }),
  events: {
    'note.add': event(z.object({ text: z.string().max(280) }), z.object({ noteId: z.string() })),
    'score.add': event(z.object({ by: z.number().int() }), z.object({ score: z.number() })),
    number: event(z.object({ number: z.number(), client: z.string() }), z.object({ applied: z.number() })),
    title: event(undefined, z.string()),
    refuse: event(),
    throw: event(),
    wait: event(z.object({ gate: z.string() })),
    hang: event(),
    secret: event(),
    'wrong-output': event(undefined, z.number()),
  },
})

/** Handlers of `wait` that are held, by the gate they named. */
export const gates = new Map<string, () => void>()

export const boardRoom = implement(board)
  .admit(({ token, fail }) => {
    if (token.banned) fail('forbidden', 'You were asked to leave.')
    if (token.admitThrows) throw new Error('the members table is gone')
    return { userId: token.sub, admin: token.admin === true, canEdit: token.readOnly !== true }
  })
  .on({
    'note.add': ({ id, input, actor, state }) => {
      state.notes.set(id, { text: input.text, by: actor.userId })
      return { noteId: id }
    },
    'score.add': ({ input, state }) => {
      state.score.add(input.by)
      return { score: state.score.value }
    },
    number: ({ input, state }) => {
      state.applied.push(`${input.client}:${input.number}`)
      return { applied: state.applied.length }
    },
    title: ({ state }) => state.title.toString(),
    refuse: ({ state, fail }) => {
      state.status.set('half done')
      fail('conflict', 'It was taken a moment ago', { by: 'somebody' })
    },
    throw: ({ state }) => {
      state.status.set('half done')
      throw new Error('a bug')
    },
    wait: async ({ input, state }) => {
      state.status.set('waiting')
      await new Promise<void>((resolve) => gates.set(input.gate, resolve))
      state.status.set('done')
    },
    hang: async ({ state }) => {
      state.status.set('hanging')
      await new Promise(() => {})
    },
    secret: { guard: ({ actor }) => actor.admin, handle: () => {} },
    'wrong-output': () => 'not a number' as never,
  })
