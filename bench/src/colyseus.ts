import { Room, Server, type Client as ServerClient } from '@colyseus/core'
import { Client, type Room as JoinedRoom } from '@colyseus/sdk'
import { WebSocketTransport } from '@colyseus/ws-transport'

class EchoRoom extends Room {
  override onCreate(): void {
    this.onMessage('ping', (client: ServerClient, input: { n: number; id: number }) =>
      client.send('pong', { n: input.n, id: input.id }),
    )
  }
}

/** A Colyseus server whose room sends back what it got. */
export async function startColyseus(): Promise<number> {
  const transport = new WebSocketTransport({ perMessageDeflate: false })
  const server = new Server({ transport, greet: false })
  server.define('echo', EchoRoom)
  await server.listen(0, '127.0.0.1')
  return (transport.server!.address() as { port: number }).port
}

/** Its own SDK, since the protocol has no acknowledgement: an id in the message says which answer is whose. */
export class ColyseusClient implements Disposable {
  readonly #room: JoinedRoom
  readonly #answers = new Map<number, () => void>()
  #id = 0

  private constructor(room: JoinedRoom) {
    this.#room = room
    room.onMessage('pong', ({ id }: { id: number }) => {
      this.#answers.get(id)?.()
      this.#answers.delete(id)
    })
  }

  static async join(url: string): Promise<ColyseusClient> {
    return new ColyseusClient(await new Client(url).joinOrCreate('echo'))
  }

  ping({ n }: { n: number }): Promise<void> {
    const id = this.#id++
    this.#room.send('ping', { n, id })
    return new Promise((resolve) => this.#answers.set(id, resolve))
  }

  [Symbol.dispose](): void {
    void this.#room.leave()
  }
}
