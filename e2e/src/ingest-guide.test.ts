import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { brokerKinds } from './brokers.ts'
import { writeDocPrograms } from './doc-programs.ts'
import { readDocuments } from './documents.ts'
import { until } from './until.ts'

test('the programs of the guide to ingest run, and print what it says', { timeout: 120_000 }, async () => {
  const guide = readDocuments().find(({ path }) => path === 'docs/guides/ingest.md')!
  await using programs = await writeDocPrograms([guide])
  await using broker = await brokerKinds[0]!.start()
  const port = await freePort()
  const env = {
    PORT: String(port),
    BASE: `http://127.0.0.1:${port}`,
    MQTT_URL: broker.url,
    MQTT_VERSION: String(broker.protocolVersion),
  }
  await using server = run(programs.folderOf(guide), 'server.ts', env)
  await server.prints(/listening on/)
  await server.says(/connected to the MQTT broker/)

  await using watcher = run(programs.folderOf(guide), 'watch.ts', env)
  await watcher.prints(/event: state/)
  await broker.publish('plants/one/kitchen', 95)
  await watcher.prints(/event: signal[\s\S]*"name":"alarm","payload":{"sensor":"kitchen","celsius":95}/)

  for (let attempt = 0; attempt < 2; attempt++) {
    await using imported = run(programs.folderOf(guide), 'import.ts', env)
    await imported.prints(/^import-7-500 501 \[ 'celsius' \]\n999 done\n$/)
  }
  await using delivered = run(programs.folderOf(guide), 'deliver.ts', env)
  await delivered.prints(/^(200 \{"eventId":"msg_o7","output":null\}\n){2}$/)
  const state = await (await fetch(`${env.BASE}/api/rooms/plant%2Fone`)).json()
  expect(state).toMatchObject({ sensors: { kitchen: { celsius: 95 } }, orders: { o7: { total: 12 } } })
})

/** A program, and what it has printed. It is ended when its scope ends. */
function run(cwd: string, file: string, env: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, ['--conditions=interplay-source', file], {
    cwd,
    env: { ...process.env, ...env, LOG_LEVEL: 'info' },
    stdio: 'pipe',
  })
  const texts = { stdout: '', stderr: '' }
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let running = true
  void gone.then(() => {
    running = false
  })
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.on('data', (text) => {
      texts[name] += text
    })
  const matches = async (name: 'stdout' | 'stderr', expected: RegExp) => {
    await until(() => !running || expected.test(texts[name]), 30_000).catch(() => {})
    expect(texts[name], texts.stderr).toMatch(expected)
  }
  return {
    prints: (expected: RegExp) => matches('stdout', expected),
    says: (expected: RegExp) => matches('stderr', expected),
    async [Symbol.asyncDispose]() {
      child.kill()
      await gone
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
