import { implement } from '@interplay/server'
import { documentRoom } from './document.ts'
import { countWords } from './words.ts'

const maxReviews = 50

export default implement(documentRoom).on({
  // What the reviewer typed before this event is in `state`: the count is of what they saw.
  'review.add': ({ input, state, fail }) => {
    const words = countWords(state.content.yjs)
    if (words === 0) fail('nothing-to-review', 'There is nothing to review yet. Write something first.')
    const review = { by: input.by, at: Date.now(), words }
    state.reviews.push(review)
    if (state.reviews.length > maxReviews) state.reviews.delete(0, state.reviews.length - maxReviews)
    return review
  },
})
