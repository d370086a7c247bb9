import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, type ClientOptions, createClient } from '@interplay/client'
import {
  anonymous,
  createServer,
  type InterplayServer,
  type Logger,
  type ServerOptions,
  sqliteLog,
} from '@interplay/server'

/** A real server on a free port over a real log in a temporary folder, and the clients that belong to it. */
export interface World extends AsyncDisposable {
  readonly server: InterplayServer
  readonly port: number
  /** `http://127.0.0.1:<port>` */
  readonly http: string
  /** `ws://127.0.0.1:<port>` */
  readonly ws: string
  readonly folder: string
  /** What the server logged at `error`, oldest first. */
  readonly errors: readonly unknown[]
  client(options?: Partial<ClientOptions>): Client
}

export async function startWorld(options: Partial<ServerOptions> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'interplay-'))
  const errors: unknown[] = []
  const logger: Logger = { debug() {}, info() {}, warn() {}, error: (entry: unknown) => void errors.push(entry) }
  const server = createServer({ auth: anonymous(), logger, ...options, log: options.log ?? sqliteLog(folder) })
  const port = await server.listen(0)
  const clients: Client[] = []
  return {
    server,
    port,
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    folder,
    errors,
    client(clientOptions = {}) {
      const client = createClient({ url: `ws://127.0.0.1:${port}`, ...clientOptions })
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
