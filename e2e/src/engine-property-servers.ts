import { type ChildProcess, spawn } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineDeath, EngineOrder } from './engine-property-server.ts'

const entry = join(import.meta.dirname, 'engine-property-server.ts')

/** Servers over one folder, one after the other, on one port. The next one has loaded its code before the last one dies. */
export class EngineServers implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  #running: EngineProcess
  #next: EngineProcess
  /** What servers printed. */
  readonly printed: string[] = []

  private constructor(folder: string, port: number, running: EngineProcess) {
    this.#folder = folder
    this.port = port
    this.#running = running
    this.#next = new EngineProcess(folder, this.printed)
  }

  static async start(folder: string): Promise<EngineServers> {
    const first = new EngineProcess(folder, [])
    const servers = new EngineServers(folder, await first.listen(0), first)
    return servers
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get ws(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** Kills the server: at once, or at a moment of its own that comes soon. The next one listens when this resolves. */
  async kill(death: EngineDeath | null): Promise<void> {
    const { ended } = this.#running
    if (death) {
      this.#running.tell(death)
      // Nothing may be left to append.
      let timer: NodeJS.Timeout | undefined
      await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, 300)))])
      clearTimeout(timer)
    }
    this.#running.kill()
    await ended
    this.#running = this.#next
    this.#next = new EngineProcess(this.#folder, this.printed)
    await this.#running.listen(this.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of [this.#running, this.#next]) {
      each.kill()
      await each.ended
    }
  }
}

class EngineProcess {
  readonly ended: Promise<unknown>
  readonly #child: ChildProcess
  readonly #ready: Promise<void>

  constructor(folder: string, printed: string[]) {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
    const args = ['--conditions=interplay-source', entry, folder]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (bytes) => printed.push(String(bytes)))
    this.ended = new Promise((resolve) => this.#child.once('close', resolve))
    this.#ready = this.#said().then(() => {})
  }

  async listen(port: number): Promise<number> {
    await this.#ready
    this.tell({ listen: port })
    return (await this.#said()) as number
  }

  tell(order: EngineOrder): void {
    this.#child.send(order, () => {})
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #said(): Promise<unknown> {
    return new Promise((resolve) => this.#child.once('message', resolve))
  }
}
