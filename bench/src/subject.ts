import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subject } from './server.ts'

/** A server under test, in a process of its own that ends with its scope. */
export class ServerUnderTest implements AsyncDisposable {
  readonly ws: string
  readonly http: string
  readonly folder: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child
    this.ws = `ws://127.0.0.1:${port}`
    this.http = `http://127.0.0.1:${port}`
    this.folder = folder
  }

  static async start(kind: Subject['kind']): Promise<ServerUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'interplay-bench-'))
    const subject: Subject = kind === 'interplay' ? { kind, folder } : { kind }
    // `PROFILE=<folder>` writes a CPU profile of the server there.
    const { PROFILE } = process.env
    const profiling = PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${PROFILE}`] : []
    const args = [
      ...process.execArgv,
      ...profiling,
      join(import.meta.dirname, 'server.ts'),
      JSON.stringify(subject),
    ]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (said) => resolve(said as number))
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
    })
    return new ServerUnderTest(child, port, folder)
  }

  /** CPU time of all its threads so far, in milliseconds. Linux only: `NaN` elsewhere. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8').catch(() => '')
    // Fields 14 and 15 (proc(5)), in hundredths of a second; the second field may contain spaces.
    const [user = Number.NaN, system = 0] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    return (user + system) * 10
  }

  /** Time that its main thread was ready to run and had no core, in milliseconds. Linux only: `NaN` elsewhere. */
  async coreWaitMs(): Promise<number> {
    const schedstat = await readFile(`/proc/${this.#child.pid}/schedstat`, 'utf8').catch(() => '')
    return Number(schedstat.split(' ')[1] ?? Number.NaN) / 1e6
  }

  /** Bytes that all its threads had written to the disk so far (`write_bytes`, proc(5)). Linux only: `NaN` elsewhere. */
  async bytesWritten(): Promise<number> {
    const io = await readFile(`/proc/${this.#child.pid}/io`, 'utf8').catch(() => '')
    return Number(/^write_bytes: (\d+)/m.exec(io)?.[1] ?? Number.NaN)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill()
    await ended
    await rm(this.folder, { recursive: true, force: true })
  }
}
