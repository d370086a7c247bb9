import { fileURLToPath } from 'node:url'
import { anonymous, createServer, sqliteLog } from '@interplay/server'
import documentRoom from '../editor/document.server.ts'
import board from '../whiteboard/board.server.ts'
import { serveFiles } from './static-files.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const { PORT = '8787', HOST = '127.0.0.1', INTERPLAY_DATA = here('../../.interplay/showcase') } = process.env

const server = createServer({
  rooms: [documentRoom, board],
  auth: anonymous(),
  log: sqliteLog(INTERPLAY_DATA),
  fetch: serveFiles({
    '/': here('dist'),
    '/editor/': here('../editor/dist'),
    '/whiteboard/': here('../whiteboard/dist'),
  }),
})

try {
  const port = await server.listen(Number(PORT), HOST)
  const host = HOST === '127.0.0.1' || HOST === '0.0.0.0' || HOST === '::' ? 'localhost' : HOST
  console.log(`Interplay showcase: http://${host}:${port}`)
} catch (error) {
  const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
  console.error(taken ? `Port ${PORT} is in use. Choose another one: PORT=8788 npm start` : error)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    const unsaved = await server.close()
    process.exit(unsaved.length > 0 ? 1 : 0)
  })
}
