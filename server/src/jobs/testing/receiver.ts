import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** The secret that senders and receivers of tests share. */
export const testSecret = `whsec_${Buffer.from('a secret of tests, 24 bytes').toString('base64')}`

/** A request as it arrived. */
export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body, its signature verified. Throws if it is not valid. */
  verified(): unknown
}

/** What a receiver does: answers, holds the request without an answer, cuts the connection, or writes by hand. */
export type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | 'hang'
  | 'reset'
  | ((response: ServerResponse) => void)

export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** Requests, oldest first. */
  readonly received: readonly Received[]
}

/** A real HTTP server on a free port. */
export async function startReceiver(
  answer: (received: Received, count: number) => Answer | Promise<Answer>,
): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const { url: path = '', headers } = request
    const verified = () => new Webhook(testSecret).verify(text, headers as Record<string, string>)
    const one: Received = { path, headers, text, verified }
    received.push(one)
    const answered = await answer(one, received.length)
    if (answered === 'hang') return
    if (answered === 'reset') return request.socket.resetAndDestroy()
    if (typeof answered === 'function') return answered(response)
    const { status = 200, headers: sent = {}, body } = answered
    const raw = typeof body === 'string' || body instanceof Uint8Array || body === undefined
    response.writeHead(status, sent).end(raw ? body : JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    received,
    [Symbol.asyncDispose]: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}
