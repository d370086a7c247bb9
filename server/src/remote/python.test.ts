import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { testSecret } from '../jobs/testing/receiver.ts'
import { startRemoteWorld } from './testing/remote-world.ts'

const guide = new URL('../../../docs/guides/remote-handlers.md', import.meta.url)
const hasPython = spawnSync('python3', ['--version']).status === 0

/** The service of the guide, as it stands there. */
async function startPython(): Promise<AsyncDisposable & { readonly url: string }> {
  const [, code] = /^```python\n([\s\S]*?)^```$/m.exec(await readFile(guide, 'utf8')) ?? []
  const child = spawn('python3', ['-c', code!], {
    env: { ...process.env, TAGS_SECRET: testSecret, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'close')
  const stop = async () => {
    child.kill()
    await ended
  }
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([once(lines, 'line'), ended])
  const [, port] = /^port (\d+)$/.exec(String(line)) ?? []
  if (!port) throw new Error(`The service of the guide did not start: ${line}`)
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: stop }
}

test.skipIf(!hasPython)(
  'the Python service of the guide answers events (skipped without python3)',
  async () => {
    await using service = await startPython()
    const options = { url: service.url, state: ['notes'] as const, verifyReply: true }
    await using world = await startRemoteWorld(() => ({}), options)
    await world.dispatch('note.add', { noteId: 'n1', text: 'Ship #soon, maybe #später 😀' })
    expect(await world.dispatch('note.tag', { noteId: 'n1' })).toMatchObject({
      status: 200,
      body: { output: { tags: ['soon,', 'später'] } },
    })
    expect(await world.state()).toMatchObject({ notes: { n1: { tags: ['soon,', 'später'] } } })
    expect(await world.dispatch('note.tag', { noteId: 'nobody' })).toMatchObject({
      status: 404,
      body: { error: { code: 'not-found', message: 'Somebody deleted that note.' } },
    })

    const secret = Buffer.from('another secret of 24 bytes').toString('base64')
    await using stranger = await startRemoteWorld(() => ({}), { ...options, secret })
    expect(await stranger.dispatch('note.tag', { noteId: 'n1' })).toMatchObject({
      body: { error: { code: 'internal', message: expect.stringContaining('401') } },
    })
  },
)
