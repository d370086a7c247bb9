import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, expect, type Page } from '@playwright/test'
import { type Cable, plugIn } from './cable.ts'

const folder = fileURLToPath(new URL('../../examples/showcase/', import.meta.url))

/** The real showcase server, as `npm start` runs it, over a log in a temporary folder. */
export interface Showcase extends AsyncDisposable {
  readonly port: number
  /** As power loss would: `SIGKILL`. */
  kill(): Promise<void>
  /** As an operator would: `SIGTERM`. Resolves to the exit code. */
  stop(): Promise<number | null>
  /** Again, on the same port and the same log. */
  restart(): Promise<void>
}

export async function startShowcase(): Promise<Showcase> {
  const data = await mkdtemp(join(tmpdir(), 'interplay-showcase-'))
  let { child, port } = await spawnServer('0', data)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    port,
    kill,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      return code
    },
    async restart() {
      await kill()
      child = (await spawnServer(String(port), data)).child
    },
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function spawnServer(port: string, data: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, ['server.ts'], {
    cwd: folder,
    env: { ...process.env, PORT: port, HOST: '127.0.0.1', INTERPLAY_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4_000)
  })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`The showcase ended with ${code} before it listened:\n${errors}`)),
    )
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
      const listening = /^Interplay showcase: http:\/\/localhost:(\d+)$/m.exec(output)
      if (listening) resolve({ child, port: Number(listening[1]) })
    })
  })
}

export interface PersonOptions extends BrowserContextOptions {
  readonly name: string
  /** `#rrggbb` */
  readonly color?: string
}

/** Somebody with a browser of their own, and a cable of their own to the server. */
export interface Person {
  readonly page: Page
  readonly cable: Cable
  /** Console errors and exceptions of the page, except that it could not connect. */
  readonly complaints: string[]
  /** Cuts the cable and lets the browser know. */
  goOffline(): Promise<void>
  goOnline(): Promise<void>
  leave(): Promise<void>
}

const couldNotConnect = /WebSocket connection to .* failed|net::ERR_/

/** Opens a path of the showcase as a new person. */
export async function enter(
  browser: Browser,
  showcase: Showcase,
  path: string,
  { name, color = '#844ce6', ...options }: PersonOptions,
): Promise<Person> {
  const cable = await plugIn(showcase.port)
  const context = await browser.newContext(options)
  await context.addInitScript((identity) => {
    if (!localStorage.getItem('interplay.identity')) localStorage.setItem('interplay.identity', identity)
  }, JSON.stringify({ name, color }))
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    const worth = message.type() === 'error' || message.type() === 'warning'
    if (worth && !couldNotConnect.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
  await page.goto(`http://127.0.0.1:${cable.port}${path}`)
  return {
    page,
    cable,
    complaints,
    async goOffline() {
      await context.setOffline(true)
      cable.cut()
    },
    async goOnline() {
      cable.mend()
      await context.setOffline(false)
    },
    async leave() {
      expect(complaints, `the console of ${name}`).toEqual([])
      await context.close()
      await cable.unplug()
    },
  }
}
