import { counter, defineRoom, event, liveMap, map, text } from '@interplay/shared'
import { z } from 'zod'

/** The room of the client's tests. */
export const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string() })),
    score: counter({ writers: 'handlers' }),
  },
  presence: z.object({ name: z.string(), cursor: z.number().nullable().default(null) }),
  live: {
    vote: z.object({ open: z.boolean() }),
    agents: liveMap(z.object({ x: z.number() }), {
      interest: { schema: z.object({ left: z.number() }), match: ({ x }, { left }) => x >= left },
    }),
  },
  events: {
    'note.add': event(z.object({ text: z.string() }), z.object({ text: z.string() })),
    clear: event(),
  },
  signals: { confetti: z.object({ x: z.number(), y: z.number() }) },
  jobs: { summarise: z.object({}) },
})
