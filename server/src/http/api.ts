import { type AnyRoom, InterplayError } from '@interplay/shared'
import { newEventId } from '@interplay/shared/protocol'
import { Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import * as Y from 'yjs'
import type { Actor } from '../events/context.ts'
import { checkEventId, handIn } from '../ingest/hand-in.ts'
import type { UpdateLog } from '../log/log.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { type Authenticate, admit } from '../session/admit.ts'
import { EventLines } from './event-lines.ts'
import { Hook, type HookOptions } from './hooks.ts'
import { LiveStream } from './live-stream.ts'
import { openApi } from './openapi.ts'
import { operationsApi } from './operations-api.ts'
import type { Origins } from './origins.ts'
import { refusal, tooLarge } from './refusal.ts'
import { stateOf } from './state-of.ts'
import { streamed } from './streamed.ts'
import { Watching } from './watching.ts'

export interface ApiOptions {
  readonly registry: Registry
  readonly authenticate: Authenticate
  readonly log: UpdateLog
  readonly logger: Logger
  readonly metrics: Metrics
  readonly maxBodyBytes: number
  /** Events that one request may have in a room at once. */
  readonly maxEventsInFlight: number
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  /** The definitions of the code that is in force now. */
  readonly definitions: () => readonly AnyRoom[]
  readonly hooks: Readonly<Record<string, HookOptions>>
  /** `null`: requests of any page are taken, and no page of another origin can read the answers. */
  readonly origins: Origins | null
  readonly fallback: ((request: Request) => Response | Promise<Response>) | undefined
}

/** The server's HTTP surface. A room's name is one percent-encoded path segment. */
export function createApi(options: ApiOptions): (request: Request) => Response | Promise<Response> {
  const { registry, authenticate, logger, metrics, maxBodyBytes, closing, origins } = options
  const hooks = new Map(
    Object.entries(options.hooks).map(([name, hook]) => [name, new Hook(name, hook, options)] as const),
  )
  const watching = new Watching(metrics, closing)
  const app = new Hono()

  const enter = async <T>(
    request: Request,
    name: string,
    use: (room: Room, actor: Actor) => Promise<T>,
    token = bearerOf(request),
  ): Promise<T> => {
    const actor = await admit(authenticate, token, name, registry.codeOf(name), request)
    return registry.use(name, (room) => use(room, actor))
  }

  app.get('/healthz', (context) => context.text('ok'))
  app.get('/readyz', (context) => (closing.aborted ? context.text('closing', 503) : context.text('ready')))
  app.get('/metrics', async () => {
    const text = await metrics.registry.metrics()
    return new Response(text, { headers: { 'content-type': metrics.registry.contentType } })
  })

  for (const path of hooks.size > 0 ? ['/api/*', '/hooks/*'] : ['/api/*']) {
    if (origins) app.use(path, onlyFrom(origins), cors({ origin: origins.allowed, ...corsHeaders }))
  }

  app.post('/api/rooms/:room/events', (context) => {
    const { body, headers } = context.req.raw
    const maxBytes = maxBodyBytes * bodiesOfLines
    if (Number(headers.get('content-length')) > maxBytes) throw tooLarge(maxBytes)
    const limits = { maxLineBytes: maxBodyBytes, maxBytes, maxInFlight: options.maxEventsInFlight, closing }
    return streamed(
      (use) => enter(context.req.raw, context.req.param('room'), use),
      (room, actor) => new EventLines(room, actor, body ?? new Blob([]).stream(), limits),
    )
  })

  const limited = bodyLimit({ maxSize: maxBodyBytes, onError: () => refusal(tooLarge(maxBodyBytes)) })
  app.use('/api/*', limited)

  app.route('/api/rooms/:room', operationsApi(options))

  app.get('/api/openapi.json', () => Response.json(openApi(options.definitions(), [...hooks.keys()])))

  app.get('/api/rooms/:room', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room) => Response.json(stateOf(room))),
  )

  app.post('/api/rooms/:room/events/:event', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room, actor) => {
      const id = checkEventId(context.req.header('idempotency-key') ?? newEventId(), 'An Idempotency-Key')
      const input = await readBody(context.req.raw)
      const { outcome: answer } = handIn(room, { id, event: context.req.param('event'), input, actor })
      const outcome = await answer
      if (!outcome.ok) throw InterplayError.from(outcome.error)
      return Response.json({ eventId: id, output: outcome.output ?? null })
    }),
  )

  app.get('/api/rooms/:room/live', (context) => {
    const request = context.req.raw
    const token = bearerOf(request) || (context.req.query('token') ?? '')
    return streamed(
      (use) => enter(request, context.req.param('room'), use, token),
      (room, actor) =>
        // Nobody would ever read, nor cancel, the body of the answer to a HEAD.
        request.method === 'HEAD'
          ? { response: new Response(null, { headers: LiveStream.headers }), ended: Promise.resolve() }
          : watching.begin(room, actor, context.req.header('last-event-id')),
    )
  })

  app.get('/api/rooms/:room/document', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room) => {
      const update = Y.encodeStateAsUpdate(room.document)
      return new Response(update as Uint8Array<ArrayBuffer>, {
        headers: { 'content-type': 'application/octet-stream' },
      })
    }),
  )

  app.put('/api/rooms/:room/document', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room, actor) => {
      const update = new Uint8Array(await context.req.arrayBuffer())
      if (
        room.write(update, actor, actor.canEdit !== false, { source: 'local', context: { actor } }) ===
        'waiting'
      ) {
        throw new InterplayError(
          'conflict',
          'The update builds on changes this room does not have. Send those too.',
        )
      }
      await room.writer.drained()
      return new Response(null, { status: 204 })
    }),
  )

  if (hooks.size > 0) {
    app.use('/hooks/*', limited)
    app.post('/hooks/:name', (context) => {
      const hook = hooks.get(context.req.param('name'))
      if (!hook) throw nothingHere()
      return hook.receive(context.req.raw)
    })
    app.all('/hooks/*', () => refusal(nothingHere()))
  }
  app.all('/api/*', () => refusal(nothingHere()))
  app.all('*', (context) => options.fallback?.(context.req.raw) ?? context.text('Not found', 404))

  app.onError((error) => {
    if (error instanceof InterplayError) return refusal(error)
    logger.error({ error: error.stack ?? String(error) }, 'a request failed')
    return refusal(new InterplayError('internal', "The request failed; the server's log says why."))
  })

  return (request) => app.fetch(request)
}

/** A body of lines may be so many times as long as any other, since it is never held as a whole. */
const bodiesOfLines = 16

const corsHeaders = {
  allowMethods: ['GET', 'PUT', 'POST', 'DELETE'],
  allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'Last-Event-ID'],
  exposeHeaders: ['Retry-After'],
  maxAge: 600,
}

function onlyFrom(origins: Origins): MiddlewareHandler {
  return async (context, next) => {
    if (origins.admits(context.req.raw)) return next()
    const origin = context.req.header('origin')
    return refusal(
      new InterplayError('forbidden', `Pages of ${origin} may not ask here: it is not in 'cors'.`),
    )
  }
}

function nothingHere(): InterplayError {
  return new InterplayError('not-found', 'There is nothing at this path. See docs/http.md.')
}

function bearerOf(request: Request): string {
  return request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
}

async function readBody(request: Request): Promise<unknown> {
  const text = await request.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new InterplayError('malformed', 'The body is not JSON.')
  }
}
