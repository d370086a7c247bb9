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
  #complaints: string[] = []

  private constructor(folder: string, port: number, running: EngineProcess) {
    this.#folder = folder
    this.port = port
    this.#running = running
    this.#next = new EngineProcess(folder)
  }

  static async start(folder: string): Promise<EngineServers> {
    const first = new EngineProcess(folder)
    return new EngineServers(folder, await first.listen(0), first)
  }

  /** Servers that ended in another way than they were to, since this was asked last. */
  takeComplaints(): string[] {
    return this.#complaints.splice(0)
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
    if ((await ended) !== 'SIGKILL') this.#complaints.push(`ended by itself: ${this.#running.printed}`)
    this.#running = this.#next
    this.#next = new EngineProcess(this.#folder)
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
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  printed = ''
  readonly #child: ChildProcess
  readonly #ready: Promise<void>

  constructor(folder: string) {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
    const args = ['--conditions=interplay-source', entry, folder]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.on('data', (bytes) => {
        this.printed += bytes
      })
    this.ended = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve(code ?? signal!)),
    )
    this.#ready = this.#said().then(() => {})
    // Told to whoever asks it to listen.
    this.#ready.catch(() => {})
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
    return new Promise((resolve, reject) => {
      this.#child.once('message', resolve)
      this.#child.once('close', () => reject(new Error(`A server did not come up: ${this.printed}`)))
    })
  }
}
