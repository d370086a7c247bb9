import { type Extension, Server } from '@hocuspocus/server'
import { createServer, implement, type Logger, sqliteLog } from '@interplay/server'
import { flockRoom, startBroadcast } from './flock.ts'
import { bench } from './room.ts'

/** What a server under test is started as: JSON in its first argument. */
export type Subject =
  | { readonly kind: 'interplay'; readonly folder: string }
  | { readonly kind: 'hocuspocus' | 'socket.io' | 'colyseus' | 'relay' | 'broadcast' }

/** A server in a process of its own. It says its port to its parent once it listens, and ends with it. */
const subject = JSON.parse(process.argv[2]!) as Subject
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
process.send!(await start(subject))

async function start(subject: Subject): Promise<number> {
  switch (subject.kind) {
    case 'interplay':
      return startInterplay(subject.folder)
    case 'hocuspocus':
      return startHocuspocus()
    case 'relay':
      return (await import('./relay.ts')).startRelay()
    case 'broadcast':
      return startBroadcast()
    case 'socket.io':
      return (await import('./socket-io.ts')).startSocketIo()
    case 'colyseus':
      return (await import('./colyseus.ts')).startColyseus()
  }
}

function startInterplay(folder: string): Promise<number> {
  const room = implement(bench).on({
    'note.add': ({ id, input, actor, state }) => {
      state.notes.set(id, { text: input.text, by: actor.userId })
      return { noteId: id }
    },
    ping: ({ input }) => ({ n: input.n }),
    'ping.stored': ({ input }) => ({ n: input.n }),
    'score.add': ({ input, state }) => {
      state.score.add(input.by)
      return { score: state.score.value }
    },
  })
  const logger: Logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
  return createServer({ rooms: [room, flockRoom()], openRooms: true, log: sqliteLog(folder), logger }).listen(
    0,
  )
}

/** As it comes: without an extension that stores anything. A stateless message is sent back. */
async function startHocuspocus(): Promise<number> {
  const extensions: Extension[] = [
    { onStateless: async ({ connection, payload }) => connection.sendStateless(payload) },
  ]
  const server = new Server({ quiet: true, stopOnSignals: false, address: '127.0.0.1', extensions })
  server.configuration.port = 0
  await server.listen()
  return server.address.port
}
