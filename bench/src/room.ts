import { counter, defineRoom, event, map, text } from '@interplay/shared'
import { z } from 'zod'

/** The room that benchmarks run: text to type into, and two events of the usual kind. */
export const bench = defineRoom('bench/:id', {
  state: {
    title: text(),
    notes: map(z.object({ text: z.string(), by: z.string() })),
    score: counter({ writers: 'handlers' }),
  },
  events: {
    'note.add': event(z.object({ text: z.string().max(280) }), z.object({ noteId: z.string() })),
    /** What an event costs that does nothing and of which nothing is stored. */
    ping: event(z.object({ n: z.number() }), z.object({ n: z.number() }), { durability: 'none' }),
    /** The same, stored. */
    'ping.stored': event(z.object({ n: z.number() }), z.object({ n: z.number() })),
    'score.add': event(z.object({ by: z.number().int() }), z.object({ score: z.number() })),
  },
})
