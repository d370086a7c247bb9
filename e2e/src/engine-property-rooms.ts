import { setImmediate as turn } from 'node:timers/promises'
import { implement } from '@interplay/server'
import { counter, defineRoom, event, list, map, value } from '@interplay/shared'
import { z } from 'zod'

/** What an event does. Its mark tells of whom it is and which one, so that its effects can be found and counted. */
export const Deed = z.object({
  mark: z.string(),
  /** Schedules a job after so many milliseconds. */
  job: z.number().nullable(),
  /** Sends an event to another room. */
  sends: z.boolean(),
  signals: z.boolean(),
  /** Turns of the event loop that its handler waits for before it ends. */
  turns: z.number(),
  /** Characters that it stores besides. */
  pad: z.number(),
  ends: z.enum(['well', 'failing', 'throwing', 'refused']),
})
export type Deed = z.infer<typeof Deed>

export const engine = defineRoom('engine/:id', {
  state: {
    applied: list(z.string(), { writers: 'handlers' }),
    /** Attempts of each job, by its mark. */
    jobs: map(z.number(), { writers: 'handlers' }),
    edits: list(z.string()),
    pad: value(z.string(), { writers: 'handlers' }),
    /** What reactions counted. */
    appliedSeen: counter({ writers: 'handlers' }),
    editsSeen: counter({ writers: 'handlers' }),
  },
  signals: { applied: z.string() },
  events: { do: event(Deed, z.object({ place: z.number() })) },
  jobs: { note: z.object({ mark: z.string() }) },
})

export const mailbox = defineRoom('mailbox/:id', {
  state: { received: list(z.string(), { writers: 'handlers' }) },
  events: { receive: event(z.object({ mark: z.string() })) },
})

export const engineRoom = implement(engine)
  .on({
    do: {
      guard: ({ input }) => input.ends !== 'refused',
      handle: async ({ input, params, state, schedule, send, signal, fail }) => {
        const { mark, job, turns, ends } = input
        state.applied.push(mark)
        const place = state.applied.length
        if (input.pad > 0) state.pad.set(mark.padEnd(input.pad))
        if (job !== null) schedule('note', { mark }, { afterMs: job })
        if (input.sends) send(mailbox, { id: params.id }, 'receive', { mark })
        if (input.signals) signal('applied', mark)
        for (let left = turns; left > 0; left--) await turn()
        if (ends === 'failing') fail('conflict', `It fails: ${mark}`)
        if (ends === 'throwing') throw new Error('a bug')
        return { place }
      },
    },
  })
  .jobs({
    note: async ({ input: { mark }, change }) => {
      await change(({ state }) => state.jobs.set(mark, (state.jobs.get(mark) ?? 0) + 1))
    },
  })
  .react({
    changed: {
      applied: ({ added, state }) => state.appliedSeen.add(added.length),
      edits: async ({ added, state }) => {
        await turn()
        state.editsSeen.add(added.length)
      },
    },
  })

export const mailboxRoom = implement(mailbox).on({
  receive: ({ input, state }) => state.received.push(input.mark),
})
