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

/** A folder that is removed when its scope ends. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'interplay-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Starts a world. A `folder` of the caller's own outlives it, so that another world can start over the same log. */
export async function startWorld({
  folder,
  ...options
}: Partial<ServerOptions> & { folder?: string } = {}): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const data = folder ?? stack.use(await temporaryFolder()).path
  const errors: unknown[] = []
  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (entry: unknown) => void errors.push(entry),
  }
  const server = createServer({ auth: anonymous(), logger, ...options, log: options.log ?? sqliteLog(data) })
  const port = await server.listen(0)
  const clients: Client[] = []
  const cleanUp = stack.move()
  return {
    server,
    port,
    http: `http://127.0.0.1:${port}`,
    ws: `ws://127.0.0.1:${port}`,
    folder: data,
    errors,
    client(clientOptions = {}) {
      const client = createClient({ url: `ws://127.0.0.1:${port}`, ...clientOptions })
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await server.close()
      await cleanUp.disposeAsync()
    },
  }
}
