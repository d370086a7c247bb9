import { type Implementation, implement, type JobContext } from '@interplay/server'
import { counter, defineRoom, event, list, value } from '@interplay/shared'
import { z } from 'zod'

const When = z.object({
  afterMs: z.number().optional(),
  at: z.number().optional(),
  cron: z.string().optional(),
  timeZone: z.string().optional(),
  missed: z.enum(['once', 'skip']).optional(),
  key: z.string().optional(),
  attempts: z.number().optional(),
  backoffMs: z.number().optional(),
})

/** A room for tests of jobs, of events for other rooms and of webhooks. */
export const work = defineRoom('work/:id', {
  state: {
    log: list(z.string(), { writers: 'handlers' }),
    asked: counter({ writers: 'handlers' }),
    status: value(z.string(), { writers: 'handlers' }),
  },
  events: {
    /** Counts, and schedules the job `run` that notes `text`. */
    schedule: event(When.extend({ text: z.string(), job: z.string().default('run') }), z.string()),
    cancel: event(z.object({ key: z.string() })),
    'schedule-and-throw': event(),
    /** Counts, and sends `note` to another room so many times. */
    send: event(z.object({ to: z.string(), texts: z.array(z.string()), event: z.string().default('note') })),
    note: event(z.object({ text: z.string() }), z.number()),
    refuse: event(z.object({ text: z.string() })),
    busy: event(z.object({ text: z.string() })),
    /** Counts, and posts so many webhooks. */
    post: event(z.object({ endpoint: z.string().default('crm'), texts: z.array(z.string()) })),
  },
  jobs: {
    run: z.object({ text: z.string() }),
    code: z.object({ text: z.string() }),
  },
})

export type WorkJob = (context: JobContext<typeof work, { readonly text: string }>) => unknown

/** Notes what it was given, with the number of its attempt. */
export const note: WorkJob = async ({ input, attempt, change }) => {
  await change(({ state }) => state.log.push(`${input.text}:${attempt}`))
}

/** The room, with what a test wants its job `code` to do. */
export function workRoom(
  code: WorkJob = note,
  options: { timeoutMs?: number; concurrency?: number } = {},
): Implementation<typeof work, { userId: string; canOperate?: boolean }> {
  return implement(work)
    .admit(({ token }) => ({ userId: token.sub, canOperate: token.sub === 'anonymous' }))
    .on({
      schedule: ({ input, state, schedule }) => {
        const { text, job, key, attempts, backoffMs, afterMs, at, cron, timeZone, missed } = input
        state.asked.add(1)
        const retry = { attempts: attempts ?? 5, backoffMs: backoffMs ?? 10 }
        const rule = { ...(timeZone !== undefined && { timeZone }), ...(missed !== undefined && { missed }) }
        const when =
          cron !== undefined ? { cron, ...rule } : at !== undefined ? { at } : { afterMs: afterMs ?? 0 }
        return schedule(job as 'run', { text }, { ...when, retry, ...(key !== undefined && { key }) })
      },
      cancel: ({ input, cancel }) => cancel(input.key),
      'schedule-and-throw': ({ schedule, send, state }) => {
        state.asked.add(1)
        schedule('run', { text: 'never' }, { afterMs: 0 })
        send(work, { id: 'never' }, 'note', { text: 'never' })
        throw new Error('a bug')
      },
      send: ({ input, state, send }) => {
        state.asked.add(1)
        for (const text of input.texts) send(work, { id: input.to }, input.event as 'note', { text })
      },
      note: ({ input, state }) => {
        state.log.push(input.text)
        return state.log.length
      },
      refuse: ({ fail }) => fail('sold-out', 'There are none left'),
      busy: ({ fail }) => fail('unavailable', 'Come back later'),
      post: ({ input, state, webhook }) => {
        state.asked.add(1)
        for (const text of input.texts) webhook(input.endpoint, 'noted', { text })
      },
    })
    .jobs({ run: note, code: { handle: code, ...options } })
}
