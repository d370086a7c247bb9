import type { Socket } from 'node:net'
import { WebSocket } from 'ws'

/**
 * A WebSocket for a load generator: what it sends in one turn leaves in one write, masked with zeros, so that a generator that
 * shares the machine takes little of it.
 */
export class CorkedWebSocket {
  readonly webSocket: WebSocket
  #isCorked = false

  constructor(url: string) {
    this.webSocket = new WebSocket(url, { perMessageDeflate: false, generateMask: (mask) => mask.fill(0) })
  }

  send(message: Uint8Array | string): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      const { _socket: socket } = this.webSocket as unknown as { _socket: Socket }
      socket.cork()
      setImmediate(() => {
        this.#isCorked = false
        socket.uncork()
      })
    }
    this.webSocket.send(message)
  }

  close(): void {
    this.webSocket.close()
  }
}
