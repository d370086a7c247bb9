import { Webhook } from 'standardwebhooks'

/** One POST of JSON, signed as Standard Webhooks says. */
export interface SignedPost {
  readonly url: string
  readonly webhook: Webhook
  /** The message id; the header carries it as {@link headerId} writes it. */
  readonly id: string
  readonly body: string
  /** Beside those that are always sent, which they cannot replace. */
  readonly headers: Headers
  /** Milliseconds since 1970. */
  readonly now: number
  /** Time for the whole answer, its body included. */
  readonly timeoutMs: number
  /** Ends the call early. */
  readonly abortSignal: AbortSignal | null
  /** Bytes of the answer's body that are read, after decompression. */
  readonly maxBodyBytes: number
  readonly fetch: typeof fetch
}

/** What came of it. A redirect is an answer like any other: it is not followed, the message is for one address only. */
export type Posted = PostAnswer | ({ readonly at: 'failed' } & PostFault)

export interface PostAnswer {
  readonly at: 'answered'
  readonly status: number
  readonly headers: Headers
  readonly body:
    | { readonly at: 'whole'; readonly bytes: Buffer }
    | { readonly at: 'too-large' }
    | ({ readonly at: 'broken' } & PostFault)
  /** The `webhook-signature` of the request. */
  readonly signature: string
}

export interface PostFault {
  readonly reason: 'network' | 'timeout' | 'aborted'
  readonly error: string
}

/** Never rejects. */
export async function signedPost(post: SignedPost): Promise<Posted> {
  const timeout = AbortSignal.timeout(Math.ceil(post.timeoutMs))
  const faultOf = (error: unknown): PostFault => {
    if (post.abortSignal?.aborted)
      return { reason: 'aborted', error: 'Nobody waits for the answer any more.' }
    if (timeout.aborted) return { reason: 'timeout', error: `No answer within ${post.timeoutMs} ms.` }
    return { reason: 'network', error: describe(error) }
  }
  const id = headerId(post.id)
  const signature = post.webhook.sign(id, new Date(post.now), post.body)
  try {
    const headers = new Headers(post.headers)
    headers.set('content-type', 'application/json')
    headers.set('webhook-id', id)
    headers.set('webhook-timestamp', String(Math.floor(post.now / 1000)))
    headers.set('webhook-signature', signature)
    const answer = await post.fetch(post.url, {
      method: 'POST',
      body: post.body,
      headers,
      redirect: 'manual',
      signal: post.abortSignal ? AbortSignal.any([post.abortSignal, timeout]) : timeout,
    })
    const body = await readBody(answer, post.maxBodyBytes).catch(
      (error) => ({ at: 'broken', ...faultOf(error) }) as const,
    )
    return { at: 'answered', status: answer.status, headers: answer.headers, body, signature }
  } catch (error) {
    return { at: 'failed', ...faultOf(error) }
  }
}

/**
 * An id as a header may carry it: letters, digits and `-_~!*'()` as they are, everything else percent-encoded. The full
 * stop too, because it is what the parts of a signed message are told apart by, and ids may come from clients.
 */
export function headerId(id: string): string {
  return encodeURIComponent(id.toWellFormed()).replaceAll('.', '%2E')
}

/** The key of a secret, base64 with or without `whsec_` before it. Throws a `TypeError` that does not repeat it. */
export function webhookOf(secret: string, whose: string): Webhook {
  try {
    return new Webhook(secret)
  } catch {
    throw new TypeError(
      `${whose}: the secret must be base64, such as 'whsec_' and 32 random bytes in base64.`,
    )
  }
}

/** Throws a `TypeError` unless it is an address that can be posted to. */
export function postUrl(url: string, whose: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`${whose}: the url must begin with https:// or http://.`)
  if (parsed.username !== '' || parsed.password !== '')
    throw new TypeError(`${whose}: put credentials into headers, not into the url.`)
  return parsed.href
}

/** Throws a `TypeError` unless it is a time that a timer can take. */
export function timeoutOf(ms: number, whose: string): number {
  if (ms > 0 && ms < 2 ** 31) return ms
  throw new TypeError(`${whose}: timeoutMs must be above 0, and at most 24 days.`)
}

async function readBody(answer: Response, maxBytes: number): Promise<PostAnswer['body']> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer.body ?? []) {
    length += chunk.length
    // Leaving the loop cancels the body, and with it the connection.
    if (length > maxBytes) return { at: 'too-large' }
    chunks.push(chunk)
  }
  return { at: 'whole', bytes: Buffer.concat(chunks) }
}

/** `fetch` says only that it failed; its cause says why. */
function describe(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } }
  return String(cause?.code ?? cause?.message ?? (error as Error).message)
}
