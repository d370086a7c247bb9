import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

/** The secret that senders and receivers of tests share. */
export const webhookSecret = `whsec_${Buffer.from('a secret of tests, 24 bytes').toString('base64')}`

/** A webhook as it arrived, its signature verified. */
export interface Received {
  readonly deliveryId: string
  readonly text: string
  readonly headers: IncomingHttpHeaders
}

/** What a receiver does with one: answers with this status, never answers, cuts the connection, or writes by hand. */
export type Answer = number | 'hang' | 'reset' | ((response: ServerResponse) => void)

export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Requests, oldest first: those that were answered with an error too. */
  readonly received: readonly Received[]
  /** Texts that were accepted, oldest first. */
  readonly accepted: readonly string[]
}

/** A real HTTP server for webhooks, by default on a free port. */
export async function startReceiver(
  answer: (received: Received, count: number) => Answer | Promise<Answer>,
  port = 0,
): Promise<Receiver> {
  const received: Received[] = []
  const accepted: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { headers } = request
    const verified = new Webhook(webhookSecret).verify(body, headers as Record<string, string>)
    const { text } = (verified as { data: { text: string } }).data
    const one = { deliveryId: String(headers['webhook-id']), text, headers }
    received.push(one)
    const answered = await answer(one, received.length)
    if (answered === 'hang') return
    if (answered === 'reset') return request.socket.resetAndDestroy()
    if (typeof answered === 'function') return answered(response)
    if (answered < 300) accepted.push(text)
    response.writeHead(answered).end()
  })
  server.listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const taken = (server.address() as AddressInfo).port
  return {
    url: `http://127.0.0.1:${taken}/`,
    port: taken,
    received,
    accepted,
    [Symbol.asyncDispose]: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}
