import { defineRoom, event, map, value } from '@interplay/shared'
import { z } from 'zod'
import { element, file } from './element.ts'

const dotsLeft = z.object({ dotsLeft: z.int() })

/** A shared drawing with a timer and dot votes. Everybody draws; timer and votes change by events alone. */
export const board = defineRoom('board/:boardId', {
  state: {
    /** By element id. An element is replaced as a whole: of two who change the same one at once, the last wins. */
    elements: map(element),
    files: map(file),
    timer: value(
      z
        .object({
          /** Milliseconds since 1970, on the server's clock. */
          endsAt: z.number(),
          durationMs: z.number(),
          startedBy: z.string(),
        })
        .nullable(),
      { writers: 'handlers', default: null },
    ),
    vote: value(
      z.object({ open: z.boolean(), dotsEach: z.int().positive(), openedBy: z.string() }).nullable(),
      { writers: 'handlers', default: null },
    ),
    /** Element id → user id → dots. */
    dots: map(z.record(z.string(), z.int().positive()), { writers: 'handlers' }),
  },
  presence: z.object({
    name: z.string().max(40),
    color: z.string().regex(/^#[0-9a-f]{6}$/),
    /** In scene coordinates; `null` while it is not over the board. */
    pointer: z.tuple([z.number(), z.number()]).nullable(),
    pressed: z.boolean(),
    tool: z.enum(['pointer', 'laser']),
    selected: z.array(z.string().max(100)).max(500),
  }),
  events: {
    /** Who the server takes this session for, and its clock. */
    me: event(undefined, z.object({ userId: z.string(), now: z.number() })),
    'timer.start': event(z.object({ seconds: z.int().min(5).max(7_200) }), z.object({ endsAt: z.number() })),
    'timer.stop': event(),
    'vote.open': event(z.object({ dotsEach: z.int().min(1).max(10).default(3) })),
    'vote.cast': event(z.object({ elementId: z.string() }), dotsLeft),
    'vote.retract': event(z.object({ elementId: z.string() }), dotsLeft),
    /** Ends the vote; the dots stay for all to see. */
    'vote.close': event(),
    /** Takes the dots of a closed vote off the board. */
    'vote.clear': event(),
  },
})
