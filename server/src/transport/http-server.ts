import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { WebSocketServer } from 'ws'
import { Outbound } from './outbound.ts'
import { Socket, type SocketOptions } from './socket.ts'
import { YWebSocket } from './y-websocket.ts'

/** A socket silent for this long is asked for a sign of life, and closed if it gives none in the same time. */
const livenessMs = 20_000

export interface HttpServerOptions extends SocketOptions {
  readonly fetch: (request: Request) => Response | Promise<Response>
  /** Whether the page that asks for a WebSocket may have one. */
  readonly admits: (request: Request) => boolean
}

/** The only door: HTTP requests, and WebSockets in two dialects, `/` for Hocuspocus and `/y/<room>` for y-websocket. */
export class HttpServer {
  readonly #server: Server
  readonly #webSockets: WebSocketServer
  readonly #outbounds = new Set<Outbound>()
  readonly #options: HttpServerOptions
  readonly #liveness: NodeJS.Timeout

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.#server = createServer(getRequestListener(options.fetch))
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: options.limits.maxFrameBytes,
      perMessageDeflate: false,
      clientTracking: true,
    })
    this.#server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
    this.#liveness = setInterval(() => this.#ping(), livenessMs)
    this.#liveness.unref()
  }

  /** Resolves to the port once the server listens. Rejects if it cannot. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        const address = this.#server.address()
        resolve(typeof address === 'object' && address ? address.port : port)
      })
    })
  }

  /** Takes no more connections and reads no more frames; what was read is still answered. */
  quiesce(): void {
    this.#server.close()
    for (const webSocket of this.#webSockets.clients) webSocket.pause()
  }

  /** Closes every socket: 1012 is "service restart" (RFC 6455 registry), so that clients come back soon. */
  close(): void {
    clearInterval(this.#liveness)
    for (const webSocket of this.#webSockets.clients) webSocket.resume()
    for (const outbound of this.#outbounds) outbound.close(1012, 'unavailable: the server is going away')
    this.#server.closeIdleConnections()
  }

  /** Ends what has not ended by itself. */
  terminate(): void {
    for (const webSocket of this.#webSockets.clients) webSocket.terminate()
    this.#server.closeAllConnections()
  }

  #upgrade(incoming: IncomingMessage, stream: Duplex, head: Buffer): void {
    // ws answers a bad handshake itself; until then an error of the stream is nobody's.
    stream.on('error', () => stream.destroy())
    const request = requestOf(incoming)
    if (!request) return refuse(stream, '400 Bad Request')
    const { pathname } = new URL(request.url)
    const room = roomOfPath(pathname)
    if (pathname !== '/' && room === null) return refuse(stream, '404 Not Found')
    if (!this.#options.admits(request)) return refuse(stream, '403 Forbidden')
    const { highWaterBytes, maxLagBytes } = this.#options.limits
    const { overruns } = this.#options.services.metrics
    const outboundLimits = { highWaterBytes, maxLagBytes, overrun: () => overruns.inc() }
    this.#webSockets.handleUpgrade(incoming, stream, head, (webSocket) => {
      alive.add(webSocket)
      webSocket.on('pong', () => alive.add(webSocket))
      webSocket.on('message', () => alive.add(webSocket))
      const outbound = new Outbound(webSocket, stream, outboundLimits)
      this.#outbounds.add(outbound)
      webSocket.on('close', () => this.#outbounds.delete(outbound))
      if (room === null) new Socket(webSocket, outbound, request, this.#options)
      else new YWebSocket(webSocket, outbound, request, room, this.#options)
    })
  }

  #ping(): void {
    for (const webSocket of this.#webSockets.clients) {
      if (!alive.delete(webSocket)) webSocket.terminate()
      else webSocket.ping()
    }
  }
}

/** Sockets heard of since the last ping. */
const alive = new WeakSet<object>()

/** The room in `/y/<room>`; its slashes may be encoded or not. */
function roomOfPath(path: string): string | null {
  if (!path.startsWith('/y/') || path.length === 3) return null
  try {
    return decodeURIComponent(path.slice(3))
  } catch {
    return null
  }
}

/** The upgrade request as a standard one; `null` where its target or a header makes none. */
function requestOf(incoming: IncomingMessage): Request | null {
  try {
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`)
    const headers = new Headers()
    for (let index = 0; index + 1 < incoming.rawHeaders.length; index += 2) {
      headers.append(incoming.rawHeaders[index]!, incoming.rawHeaders[index + 1]!)
    }
    return new Request(url, { headers })
  } catch {
    return null
  }
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
