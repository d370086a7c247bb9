import { counter, defineRoom, event, list, map, record, richText, text, value } from '@interplay/shared'
import { z } from 'zod'
import { implement } from '../../events/implement.ts'
import { type Answer, type Received, startReceiver, testSecret } from '../../jobs/testing/receiver.ts'
import { memoryLog } from '../../log/memory.ts'
import { createServer } from '../../server.ts'
import { type RemoteOptions, remote } from '../remote.ts'

/** A room with a field of every kind. */
export const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    body: richText(),
    notes: map(z.object({ text: z.string(), tags: z.array(z.string()).default([]) })),
    cards: map(
      record({
        title: text(),
        done: value(z.boolean(), { default: false }),
        tags: list(z.string()),
        votes: counter(),
      }),
    ),
    items: list(z.string()),
    rows: list(record({ name: value(z.string()), body: text() })),
    score: counter({ writers: 'handlers' }),
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    meta: record({ author: value(z.string()), intro: text(), push: counter() }),
  },
  events: {
    'note.tag': event(z.object({ noteId: z.string() }), z.object({ tags: z.array(z.string()) })),
    change: event(),
    'note.add': event(z.object({ noteId: z.string(), text: z.string() })),
  },
})

export interface RemoteWorld extends AsyncDisposable {
  /** What the service received, oldest first. */
  readonly received: readonly Received[]
  /** What the server logged, oldest first. */
  readonly logged: readonly { readonly level: string; readonly entry: unknown }[]
  dispatch(event: string, input?: unknown, id?: string): Promise<{ status: number; body: unknown }>
  state(): Promise<Record<string, unknown>>
}

/** A real server whose events a real HTTP service answers. */
export async function startRemoteWorld(
  answer: (received: Received, count: number) => Answer | Promise<Answer>,
  options: Partial<RemoteOptions<typeof board>> & { readonly handlerDeadlineMs?: number } = {},
): Promise<RemoteWorld> {
  const { handlerDeadlineMs, ...remoteOptions } = options
  const service = await startReceiver(answer)
  const logged: { level: string; entry: unknown }[] = []
  const at = (level: string) => (entry: unknown) => void logged.push({ level, entry })
  const elsewhere = { url: service.url, secret: testSecret, random: () => 0, ...remoteOptions }
  const room = implement(board).on({
    'note.tag': remote(elsewhere),
    change: remote(elsewhere),
    'note.add': ({ input, state }) => state.notes.set(input.noteId, { text: input.text }),
  })
  const server = createServer({
    rooms: [room],
    log: memoryLog(),
    logger: { debug() {}, info() {}, warn: at('warn'), error: at('error') },
    ...(handlerDeadlineMs && { handlerDeadlineMs }),
  })
  const port = await server.listen(0)
  const path = `http://127.0.0.1:${port}/api/rooms/board%2Fq3`
  return {
    received: service.received,
    logged,
    async dispatch(event, input, id) {
      const response = await fetch(`${path}/events/${event}`, {
        method: 'POST',
        body: input === undefined ? '' : JSON.stringify(input),
        headers: id === undefined ? {} : { 'idempotency-key': id },
      })
      return { status: response.status, body: await response.json() }
    },
    state: async () => (await fetch(path)).json() as Promise<Record<string, unknown>>,
    async [Symbol.asyncDispose]() {
      await server.close()
      await service[Symbol.asyncDispose]()
    },
  }
}
