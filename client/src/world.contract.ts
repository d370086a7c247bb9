import { type Client, type ClientOptions, createClient } from './client.ts'
import { type Clock, systemClock } from './clock.ts'
import { type Script, ScriptedServer } from './scripted-server.contract.ts'

/** Retries come soon, so that no test waits for chance. */
export const quickClock: Clock = { ...systemClock, random: () => 0.01 }

export interface World extends AsyncDisposable {
  readonly server: ScriptedServer
  client(options?: Partial<ClientOptions>): Client
}

/** A scripted server and the clients that belong to it. */
export async function startWorld(script?: Script): Promise<World> {
  const server = await ScriptedServer.start(script)
  const clients: Client[] = []
  return {
    server,
    client(options = {}) {
      const client = createClient({ url: server.url, ...options }, quickClock)
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Resolves once `condition` holds. Rejects after 5 s. */
export async function until(condition: () => unknown): Promise<void> {
  const deadline = Date.now() + 5_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 5 s: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
