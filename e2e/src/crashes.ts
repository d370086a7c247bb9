import { ServerChild } from './server-child.ts'
import type { DeathOrder, ServerProcessOptions } from './server-process.ts'

/** Where a server is killed: at which append from the order on, and when in it. */
export type Death = Pick<DeathOrder, 'moment' | 'afterAppends' | 'delayMs'>

/** Every moment of so many appends. */
export function everyDeath(appends: number): Death[] {
  return Array.from({ length: appends }, (_, afterAppends) => [
    { moment: 'before' as const, afterAppends, delayMs: 0 },
    { moment: 'during' as const, afterAppends, delayMs: afterAppends % 3 },
    { moment: 'after' as const, afterAppends, delayMs: 0 },
  ]).flat()
}

/** A server over one folder that is killed and started again. */
export class Mortal implements AsyncDisposable {
  readonly #options: Omit<ServerProcessOptions, 'port'>
  #server: ServerChild | null = null

  constructor(options: Omit<ServerProcessOptions, 'port'>) {
    this.#options = options
  }

  get http(): string {
    return this.#server!.http
  }

  async start(): Promise<void> {
    this.#server = await ServerChild.start({ ...this.#options, port: 0 })
  }

  /** Kills it there, while `work` is under way, and starts it again. */
  async dieDuring(death: Death, work: () => Promise<unknown>): Promise<void> {
    const server = this.#server!
    server.tell({ order: 'die', ...death })
    const done = work().catch(() => {})
    const ended = await server.ended
    if (ended !== 'SIGKILL') throw new Error(`it ended with ${ended}: ${server.printed}`)
    await done
    await this.start()
  }

  /** Dispatches an event over HTTP, with this id. Rejects if there is no answer. */
  async dispatch(room: string, event: string, id: string, input: object): Promise<unknown> {
    const path = `/api/rooms/${encodeURIComponent(room)}/events/${encodeURIComponent(event)}`
    const response = await fetch(this.http + path, {
      method: 'POST',
      body: JSON.stringify(input),
      headers: { 'idempotency-key': id },
    })
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }

  async state(room: string): Promise<{ readonly log: readonly string[]; readonly asked: number }> {
    const response = await fetch(`${this.http}/api/rooms/${encodeURIComponent(room)}`)
    return (await response.json()) as never
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.kill()
    await this.#server?.ended
  }
}
