import { InterplayError } from '@interplay/shared'
import type { Webhook } from 'standardwebhooks'
import type { Actor } from '../events/context.ts'
import { checkEventId, handIn } from '../ingest/hand-in.ts'
import type { IncomingEvent } from '../ingest/incoming-event.ts'
import { webhookOf } from '../jobs/signed-post.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Registry } from '../room/registry.ts'

/** A webhook that comes in, signed as Standard Webhooks says. */
export interface HookOptions {
  /** `whsec_…`, base64. Several are all accepted, so that one can be replaced by the next without a gap. */
  readonly secret: string | readonly string[]
  /** The event that a delivery stands for; `null` for one that is of no interest. */
  readonly dispatch: (delivery: HookDelivery) => IncomingEvent | null | Promise<IncomingEvent | null>
}

export interface HookDelivery {
  /** The header `webhook-id`: the same for every attempt to deliver one message. */
  readonly id: string
  /** The member `type` of the body; `undefined` where it has none. */
  readonly type: string | undefined
  /** The member `data` of the body, or the whole body where it has none. Nobody has checked its shape. */
  readonly data: unknown
  readonly headers: Headers
  /** The parameters in the URL: `?board=q3`. They are not signed. */
  readonly params: Readonly<Record<string, string>>
}

export interface HookServices {
  readonly registry: Registry
  readonly logger: Logger
  readonly metrics: Metrics
}

/** One hook: verifies a delivery, and answers it once its event is durable. */
export class Hook {
  readonly #name: string
  readonly #webhooks: readonly Webhook[]
  readonly #dispatch: HookOptions['dispatch']
  readonly #services: HookServices
  readonly #actor: Actor

  /** Throws a `TypeError` for a secret that is none. */
  constructor(name: string, { secret, dispatch }: HookOptions, services: HookServices) {
    this.#name = name
    this.#webhooks = [secret].flat().map((each) => webhookOf(each, `hooks.${name}`))
    if (this.#webhooks.length === 0) throw new TypeError(`hooks.${name}: there is no secret.`)
    this.#dispatch = dispatch
    this.#services = services
    this.#actor = { userId: `hook:${name}` }
  }

  async receive(request: Request): Promise<Response> {
    const counted = (outcome: string) =>
      this.#services.metrics.ingested.inc({ source: `hook:${this.#name}`, outcome })
    try {
      const response = await this.#receive(request)
      counted(response ? 'ok' : 'ignored')
      return response ?? new Response(null, { status: 204 })
    } catch (error) {
      counted(error instanceof InterplayError ? error.code : 'internal')
      throw error
    }
  }

  async #receive(request: Request): Promise<Response | null> {
    const body = Buffer.from(await request.arrayBuffer())
    this.#verify(body, request.headers)
    const id = checkEventId(request.headers.get('webhook-id')!, 'A webhook-id')
    const event = await this.#dispatch({
      id,
      ...contentOf(body),
      headers: request.headers,
      params: Object.fromEntries(new URL(request.url).searchParams),
    })
    if (!event) return null
    const { room: name, event: kind, input, actor = this.#actor } = event
    const outcome = await this.#services.registry.use(
      name,
      (room) => handIn(room, { id, event: kind, input, actor }).outcome,
    )
    if (outcome.ok) return Response.json({ eventId: id, output: outcome.output ?? null })
    const error = InterplayError.from(outcome.error)
    this.#services.logger.warn(
      { hook: this.#name, id, room: name, event: kind, error: error.toJSON() },
      'the event of a webhook was refused',
    )
    throw error
  }

  /** Throws `unauthorized` unless one of the secrets has signed these very bytes within the last five minutes. */
  #verify(body: Buffer, headers: Headers): void {
    const signed = Object.fromEntries(headers)
    let reason = ''
    for (const webhook of this.#webhooks) {
      try {
        webhook.verify(body, signed, { jsonParse: false })
        return
      } catch (error) {
        reason = (error as Error).message
      }
    }
    throw new InterplayError('unauthorized', `The webhook is not signed as it must be: ${reason}.`)
  }
}

function contentOf(body: Buffer): Pick<HookDelivery, 'type' | 'data'> {
  let content: unknown
  try {
    content = JSON.parse(body.toString())
  } catch {
    throw new InterplayError('malformed', 'The body is not JSON.')
  }
  const { type, data = content } = (content ?? {}) as Record<string, unknown>
  return { type: typeof type === 'string' ? type : undefined, data }
}
