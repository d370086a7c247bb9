import type { AddressInfo } from 'node:net'
import { type AnyImplementation, implement } from '@interplay/server'
import { defineRoom, liveMap } from '@interplay/shared'
import { type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'

/** Entities, of which two fields change at every step: 16 bytes of numbers each. */
export const entities = 1_000
export const stepMs = 50
export const changedBytes = entities * 2 * 8

const Agent = z.object({
  x: z.number(),
  y: z.number(),
  dx: z.number(),
  dy: z.number(),
  name: z.string(),
  team: z.number(),
})
type Agent = z.infer<typeof Agent>
type Flock = { [key: string]: Agent }

export const flock = defineRoom('flock/:id', { live: { agents: liveMap(Agent) } })

function begin(): Flock {
  const agent = (index: number): Agent => ({
    x: index / 7,
    y: index / 11,
    dx: Math.sin(index) * 3,
    dy: Math.cos(index) * 3,
    name: `agent ${index}`,
    team: index % 4,
  })
  return Object.fromEntries(
    Array.from({ length: entities }, (_, index) => [crypto.randomUUID(), agent(index)]),
  )
}

function step(agents: Flock): void {
  for (const key in agents) {
    const agent = agents[key]!
    agent.x = (agent.x + agent.dx) % 1_000
    agent.y = (agent.y + agent.dy) % 1_000
  }
}

/** The simulation as a room. */
export function flockRoom(): AnyImplementation {
  return implement(flock)
    .react({ opened: ({ live }) => live.agents.set(begin()) })
    .tick(stepMs, ({ live }) => live.agents.update(step))
}

/** The same by hand: everything as JSON, to everybody, at every step. */
export async function startBroadcast(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  const agents = begin()
  const clients = new Set<WebSocket>()
  server.on('connection', (client) => {
    clients.add(client)
    client.on('close', () => clients.delete(client))
  })
  setInterval(() => {
    step(agents)
    const bytes = Buffer.from(JSON.stringify(agents))
    for (const client of clients) client.send(bytes)
  }, stepMs)
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}
