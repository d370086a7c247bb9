import { defineRoom, event, list, richText, text } from '@interplay/shared'
import { z } from 'zod'

const Name = z.string().trim().min(1).max(40)

const Review = z.object({
  by: Name,
  /** Milliseconds since 1970, by the server's clock. */
  at: z.number(),
  /** Words the document had. */
  words: z.number().int(),
})

/** Where a caret is: a relative position of Yjs, which stays at its letter while others type around it. */
const Id = z.object({ client: z.number(), clock: z.number() })
const Position = z.object({
  type: Id.nullish(),
  tname: z.string().nullish(),
  item: Id.nullish(),
  assoc: z.number().optional(),
})

export const Presence = z.object({
  user: z.object({ name: Name, color: z.string().regex(/^#[0-9a-f]{6}$/) }),
  cursor: z.object({ anchor: Position, head: Position }).nullish(),
})

/** A document that many write at once. Reviews are facts: only the server writes them, each one once. */
export const documentRoom = defineRoom('document/:documentId', {
  state: {
    title: text(),
    content: richText(),
    reviews: list(Review, { writers: 'handlers' }),
  },
  presence: Presence,
  events: {
    'review.add': event(z.object({ by: Name }), Review),
  },
})
