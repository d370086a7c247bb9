import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

/** A program under test, with what it printed so far. */
export interface Program extends AsyncDisposable {
  readonly process: ChildProcess
  readonly output: string
  readonly errors: string
  /** Resolves once standard output matches. Rejects if the program ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>
  /** Sends a signal and resolves to the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

const main = fileURLToPath(new URL('../../server/src/cli/main.ts', import.meta.url))

/** Runs `interplay` from its sources. */
export function interplay(...args: string[]): Program {
  return run(process.execPath, ['--conditions=interplay-source', main, ...args])
}

export function run(command: string, args: string[]): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    errors += text
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return {
    process: child,
    get output() {
      return output
    },
    get errors() {
      return errors
    },
    async printed(pattern) {
      await until(() => pattern.test(output) || child.exitCode !== null)
      const match = pattern.exec(output)
      if (!match) throw new Error(`it ended with ${child.exitCode}: ${output}${errors}`)
      return match
    },
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
