import { implement } from '@interplay/server'
import type { StateOf } from '@interplay/shared'
import { board } from './board.ts'

export default implement(board)
  .admit(({ token }) => ({ userId: token.sub }))
  .on({
    me: ({ actor }) => ({ userId: actor.userId, now: Date.now() }),

    'timer.start': ({ input, actor, state, fail }) => {
      const running = state.timer.get()
      if (running && running.endsAt > Date.now()) fail('conflict', 'The timer is running already.')
      const durationMs = input.seconds * 1_000
      const endsAt = Date.now() + durationMs
      state.timer.set({ endsAt, durationMs, startedBy: actor.userId })
      return { endsAt }
    },
    'timer.stop': ({ state }) => state.timer.set(null),

    'vote.open': ({ input, actor, state, fail }) => {
      if (state.vote.get()?.open) fail('conflict', 'A vote is open already.')
      removeDots(state)
      state.vote.set({ open: true, dotsEach: input.dotsEach, openedBy: actor.userId })
    },
    'vote.cast': ({ input, actor, state, fail }) => {
      const vote = state.vote.get()
      if (!vote?.open) return fail('conflict', 'No vote is open.')
      const target = state.elements.get(input.elementId) ?? fail('not-found', 'Somebody deleted that one.')
      const left = vote.dotsEach - dotsOf(actor.userId, state)
      if (left < 1) fail('conflict', 'All your dots are placed. Take one back to move it.', { dotsLeft: 0 })
      const dots = state.dots.get(target.id) ?? {}
      state.dots.set(target.id, { ...dots, [actor.userId]: (dots[actor.userId] ?? 0) + 1 })
      return { dotsLeft: left - 1 }
    },
    'vote.retract': ({ input, actor, state, fail }) => {
      const vote = state.vote.get()
      if (!vote?.open) return fail('conflict', 'No vote is open.')
      const { [actor.userId]: mine = 0, ...others } = state.dots.get(input.elementId) ?? {}
      if (mine === 0) fail('conflict', 'None of your dots is there.')
      state.dots.set(input.elementId, mine > 1 ? { ...others, [actor.userId]: mine - 1 } : others)
      return { dotsLeft: vote.dotsEach - dotsOf(actor.userId, state) }
    },
    'vote.close': ({ state, fail }) => {
      const vote = state.vote.get()
      if (!vote?.open) return fail('conflict', 'No vote is open.')
      state.vote.set({ ...vote, open: false })
    },
    'vote.clear': ({ state, fail }) => {
      if (state.vote.get()?.open) fail('conflict', 'Close the vote first.')
      removeDots(state)
      state.vote.set(null)
    },
  })

/** Dots that a user has placed, on what is still on the board. */
function dotsOf(userId: string, state: StateOf<typeof board>): number {
  let count = 0
  for (const [elementId, dots] of state.dots) if (state.elements.has(elementId)) count += dots[userId] ?? 0
  return count
}

function removeDots(state: StateOf<typeof board>): void {
  for (const elementId of [...state.dots.keys()]) state.dots.delete(elementId)
}
