import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/** A way to the server that can be cut: a TCP proxy on a port of its own. */
export interface Cable {
  readonly port: number
  /** Drops every connection in the middle of what it was doing, and refuses new ones. */
  cut(): void
  mend(): void
  unplug(): Promise<void>
}

export async function plugIn(serverPort: number): Promise<Cable> {
  const open = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket, other: Socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      other.destroy()
    })
    socket.pipe(other)
  }
  const proxy = createServer((near) => {
    if (isCut) return near.resetAndDestroy()
    const far = connect(serverPort, '127.0.0.1')
    near.setNoDelay(true)
    far.setNoDelay(true)
    keep(near, far)
    keep(far, near)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of open) socket.destroy()
  }
  return {
    port: (proxy.address() as AddressInfo).port,
    cut,
    mend() {
      isCut = false
    },
    async unplug() {
      cut()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
