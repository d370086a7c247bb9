import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { CorkedWebSocket } from './corked.ts'

/** A Socket.IO server that acknowledges `ping` with what it got. WebSocket only, without compression. */
export async function startSocketIo(): Promise<number> {
  const http = createServer()
  const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, httpCompression: false })
  io.on('connection', (socket) => {
    socket.on('ping', (input: { n: number }, acknowledge: (output: { n: number }) => void) =>
      acknowledge({ n: input.n }),
    )
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return (http.address() as AddressInfo).port
}

/** A Socket.IO client with nothing around it, as `WireClient` is one of Interplay. Engine.IO protocol 4, Socket.IO protocol 5. */
export class SocketIoClient implements Disposable {
  readonly #socket: CorkedWebSocket
  readonly #answers = new Map<number, () => void>()
  #id = 0
  #connected: () => void = () => {}

  private constructor(socket: CorkedWebSocket) {
    this.#socket = socket
    socket.webSocket.on('message', (data) => this.#receive(data.toString()))
  }

  static async join(url: string): Promise<SocketIoClient> {
    const client = new SocketIoClient(new CorkedWebSocket(`${url}/socket.io/?EIO=4&transport=websocket`))
    await new Promise<void>((resolve) => {
      client.#connected = resolve
    })
    return client
  }

  /** `emitWithAck('ping', input)`. */
  ping(input: { n: number }): Promise<void> {
    const id = this.#id++
    this.#send(`42${id}["ping",${JSON.stringify(input)}]`)
    return new Promise((resolve) => this.#answers.set(id, resolve))
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }

  #send(text: string): void {
    this.#socket.send(text)
  }

  #receive(text: string): void {
    if (text.startsWith('43')) {
      const end = text.indexOf('[')
      const id = Number(text.slice(2, end))
      JSON.parse(text.slice(end))
      this.#answers.get(id)?.()
      this.#answers.delete(id)
    } else if (text.startsWith('40')) this.#connected()
    else if (text.startsWith('0')) this.#send('40')
    else if (text === '2') this.#send('3')
  }
}
