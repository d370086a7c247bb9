import { createState, errorKind, InterplayError } from '@interplay/shared'
import { maxEventIdLength, newEventId, type Outcome } from '@interplay/shared/protocol'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as Y from 'yjs'
import type { Actor } from '../events/implement.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Registry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { type Authenticate, admit } from '../session/admit.ts'
import { openState } from './open-state.ts'

export interface ApiOptions {
  readonly registry: Registry
  readonly authenticate: Authenticate
  readonly logger: Logger
  readonly metrics: Metrics
  readonly maxBodyBytes: number
  readonly ready: () => boolean
  readonly fallback: ((request: Request) => Response | Promise<Response>) | undefined
}

/** The server's HTTP surface. A room's name is one percent-encoded path segment. */
export function createApi(options: ApiOptions): (request: Request) => Response | Promise<Response> {
  const { registry, authenticate, logger, metrics } = options
  const app = new Hono()

  const enter = async <T>(
    request: Request,
    name: string,
    use: (room: Room, actor: Actor) => Promise<T>,
  ): Promise<T> => {
    const token = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
    const actor = await admit(authenticate, token, name, registry.codeOf(name), request)
    return registry.use(name, (room) => use(room, actor))
  }

  app.get('/healthz', (context) => context.text('ok'))
  app.get('/readyz', (context) => (options.ready() ? context.text('ready') : context.text('closing', 503)))
  app.get('/metrics', async () => {
    const text = await metrics.registry.metrics()
    return new Response(text, { headers: { 'content-type': metrics.registry.contentType } })
  })

  app.use(
    '/api/*',
    bodyLimit({
      maxSize: options.maxBodyBytes,
      onError: () =>
        refusal(new InterplayError('too-large', `A body has ${options.maxBodyBytes} bytes at most.`)),
    }),
  )

  app.get('/api/rooms/:room', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room) => Response.json(stateOf(room))),
  )

  app.post('/api/rooms/:room/events/:event', (context) =>
    enter(context.req.raw, context.req.param('room'), async (room, actor) => {
      const id = context.req.header('idempotency-key') ?? newEventId()
      if (id.length === 0 || id.length > maxEventIdLength) {
        throw new InterplayError('malformed', `An Idempotency-Key has 1 to ${maxEventIdLength} characters.`)
      }
      const input = await readBody(context.req.raw)
      const request = { id, event: context.req.param('event'), input, actor }
      const outcome = await new Promise<Outcome>((answered, lost) =>
        room.dispatch(request, { answered, lost }),
      )
      if (!outcome.ok) throw InterplayError.from(outcome.error)
      return Response.json({ eventId: id, output: outcome.output ?? null })
    }),
  )

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
        room.write(update, actor.canEdit !== false, { source: 'local', context: { actor } }) === 'waiting'
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

  app.all('/api/*', () =>
    refusal(new InterplayError('not-found', 'There is nothing at this path. See docs/http.md.')),
  )
  app.all('*', (context) => options.fallback?.(context.req.raw) ?? context.text('Not found', 404))

  app.onError((error) => {
    if (error instanceof InterplayError) return refusal(error)
    logger.error({ error: error.stack ?? String(error) }, 'a request failed')
    return refusal(new InterplayError('internal', "The request failed; the server's log says why."))
  })

  return (request) => app.fetch(request)
}

function refusal(error: InterplayError): Response {
  const headers: Record<string, string> = error.retry ? { 'retry-after': '1' } : {}
  return Response.json({ error: error.toJSON() }, { status: errorKind(error.code).http, headers })
}

function stateOf({ code, document }: Room): unknown {
  if (!code) return openState(document)
  const transact = () => {
    throw new Error('This view is for reading.')
  }
  return createState(code.implementation.definition, document, { writer: 'client', transact }).toJSON()
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
