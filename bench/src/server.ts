import { type Extension, Server } from '@hocuspocus/server'
import { createServer, implement, type Logger, sqliteLog } from '@interplay/server'
import { bench } from './room.ts'

/** What a server under test is started as: JSON in its first argument. */
export type Subject =
  | { readonly kind: 'interplay'; readonly folder: string }
  | { readonly kind: 'hocuspocus' }

/** A server in a process of its own. It says its port to its parent once it listens, and ends with it. */
const subject = JSON.parse(process.argv[2]!) as Subject
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => process.exit())
process.send!(subject.kind === 'interplay' ? await startInterplay(subject.folder) : await startHocuspocus())

function startInterplay(folder: string): Promise<number> {
  const room = implement(bench).on({
    'note.add': ({ id, input, actor, state }) => {
      state.notes.set(id, { text: input.text, by: actor.userId })
      return { noteId: id }
    },
    'score.add': ({ input, state }) => {
      state.score.add(input.by)
      return { score: state.score.value }
    },
  })
  const logger: Logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
  return createServer({ rooms: [room], openRooms: true, log: sqliteLog(folder), logger }).listen(0)
}

/** As it comes: without an extension that stores anything. */
async function startHocuspocus(): Promise<number> {
  const extensions: Extension[] = []
  const server = new Server({ quiet: true, stopOnSignals: false, address: '127.0.0.1', extensions })
  server.configuration.port = 0
  await server.listen()
  return server.address.port
}
