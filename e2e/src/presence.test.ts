import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { board, boardRoom } from './board.ts'
import { until } from './until.ts'
import { startWorld } from './world.ts'

test('[P2] a client that comes back before its old socket is dead leaves no ghost and no duplicate', async () => {
  const sockets: WebSocket[] = []
  // A socket whose client believes it closed, while the server has not heard of it: a network that went away.
  class Vanishing extends WebSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
    }
  }
  await using world = await startWorld({ rooms: [boardRoom] })
  const watcher = world.client().join(board, { boardId: 'q3' }, { presence: { name: 'Watcher' } })
  const traveller = world
    .client({ WebSocket: Vanishing as never })
    .join(board, { boardId: 'q3' }, { presence: { name: 'Ada' } })
  await Promise.all([watcher.ready, traveller.ready])
  const names = () => watcher.others.get().map(({ presence }) => presence?.name)
  await until(() => names().join() === 'Ada')

  const [first] = sockets
  first!.pause()
  first!.onclose?.({ code: 1006, reason: '' } as never)
  await until(() => sockets.length === 2 && traveller.status.at === 'synced')
  traveller.presence.set({ name: 'Ada, back' })
  await until(() => names().join() === 'Ada, back')
  // The old socket dies at last: what it showed is another's by now.
  first!.terminate()
  await until(() => traveller.status.at === 'synced')
  traveller.presence.set({ name: 'Ada, still' })
  await until(() => names().join() === 'Ada, still')
  expect(watcher.others.get()).toHaveLength(1)
})

test('[P1] presence is gone within a second of its socket', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const watcher = world.client().join(board, { boardId: 'q3' })
  const leaver = world.client()
  const left = leaver.join(board, { boardId: 'q3' }, { presence: { name: 'Ada' } })
  await Promise.all([watcher.ready, left.ready])
  await until(() => watcher.others.get().length === 1)
  leaver.close()
  await until(() => watcher.others.get().length === 0, 1_000)
})
