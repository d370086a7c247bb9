import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerOrder, ServerProcessOptions } from './server-process.ts'

/** Whether this machine can limit the files of a process that runs. */
export const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0

/** A server in a process of its own. */
export class ServerChild implements Disposable {
  readonly port: number
  readonly pid: number
  readonly #child: ChildProcess
  readonly #ended: Promise<number | NodeJS.Signals>
  readonly #printed: string[]

  private constructor(
    child: ChildProcess,
    port: number,
    ended: Promise<number | NodeJS.Signals>,
    printed: string[],
  ) {
    this.#child = child
    this.pid = child.pid!
    this.port = port
    this.#ended = ended
    this.#printed = printed
  }

  /** Resolves once it listens. `execArgv` is for profiling. */
  static async start(options: ServerProcessOptions, execArgv: readonly string[] = []): Promise<ServerChild> {
    const entry = join(import.meta.dirname, 'server-process.ts')
    const args = ['--conditions=interplay-source', ...execArgv, entry, JSON.stringify(options)]
    // Compiled code is kept from one process to the next: chaos starts a hundred of them.
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') }
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
    const printed: string[] = []
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (bytes) => printed.push(String(bytes)))
    const ended = new Promise<number | NodeJS.Signals>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal!)),
    )
    const port = await Promise.race([
      new Promise<number>((resolve) => child.once('message', (said) => resolve(said as number))),
      ended.then((code) => Promise.reject(new Error(`the server ended with ${code}: ${printed.join('')}`))),
    ])
    return new ServerChild(child, port, ended, printed)
  }

  /** `http://127.0.0.1:<port>` */
  get http(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** `ws://127.0.0.1:<port>` */
  get ws(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** What it wrote to its standard streams so far. */
  get printed(): string {
    return this.#printed.join('')
  }

  /** CPU time of all its threads so far. 0 where there is no `/proc`. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.pid}/stat`, 'utf8').catch(() => '')
    // Fields 14 and 15 (proc(5)), in hundredths of a second; the second field may contain spaces.
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    return (user + system) * 10
  }

  tell(order: ServerOrder): void {
    this.#child.send(order, () => {})
  }

  /**
   * Lets no file grow beyond so many bytes, as a full disk would; `null` lifts the limit. By `prlimit` of util-linux, which
   * every Linux has: see {@link canLimitFiles}.
   */
  limitFiles(bytes: number | null): void {
    execFileSync('prlimit', ['--pid', String(this.pid), `--fsize=${bytes ?? 'unlimited'}:unlimited`])
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Sends a signal; resolves to the exit code, or to the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#child.kill(signal)
    return this.#ended
  }

  /** Resolves when it has ended, whoever ended it. */
  get ended(): Promise<number | NodeJS.Signals> {
    return this.#ended
  }

  [Symbol.dispose](): void {
    this.kill()
  }
}
