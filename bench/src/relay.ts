import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * The least that a server can do: what one client sends, all the others get, as it is. With a `snapshot` of so many bytes each
 * client gets that first.
 */
export async function startRelay(snapshotBytes = 0): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  const clients = new Set<WebSocket>()
  const snapshot = Buffer.alloc(snapshotBytes, 1)
  server.on('connection', (client) => {
    clients.add(client)
    client.on('message', (bytes) => {
      for (const other of clients) if (other !== client) other.send(bytes)
    })
    client.on('close', () => clients.delete(client))
    if (snapshotBytes > 0) client.send(snapshot)
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}
