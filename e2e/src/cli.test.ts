import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@interplay/client'
import { defineRoom, event, text } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { interplay, type Program } from './program.ts'
import { until } from './until.ts'
import { temporaryFolder } from './world.ts'

const listening = /http:\/\/127\.0\.0\.1:(\d+)/
const portOf = async (program: Program) => Number((await program.printed(listening))[1])

const greeter = defineRoom('greeter/:name', {
  state: { log: text() },
  events: { greet: event(undefined, z.string()) },
})

/** A folder inside the workspace, so that modules in it find the packages. */
async function workspaceFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(fileURLToPath(new URL('../.tmp-', import.meta.url)))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Writes a contract and an implementation that greets in this way. */
async function writeGreeter(folder: string, greeting: string): Promise<string> {
  await writeFile(
    join(folder, 'greeter.ts'),
    `import { defineRoom, event, text } from '@interplay/shared'
import { z } from 'zod'
export const greeting = ${JSON.stringify(greeting)}
export const greeter = defineRoom('greeter/:name', { state: { log: text() }, events: { greet: event(undefined, z.string()) } })
`,
  )
  const entry = join(folder, 'greeter.server.ts')
  const server = `import { implement } from '@interplay/server'
import { greeter, greeting } from './greeter.ts'
export default implement(greeter).on({ greet: ({ params, state }) => { state.log.insert(0, '.'); return greeting + ', ' + params.name } })
`
  await writeFile(entry, server)
  return entry
}

test('start serves open rooms on loopback, prints one line, and ends with 0 on SIGTERM', async () => {
  await using folder = await temporaryFolder()
  await using program = interplay('start', '--port', '0', '--data', folder.path)
  const port = await portOf(program)
  const client = createClient({ url: `ws://127.0.0.1:${port}` })
  const room = client.openRoom('any/name')
  await room.ready
  room.doc.getText('t').insert(0, 'kept')
  await until(() => room.status.at === 'synced')
  expect(await program.stop()).toBe(0)
  expect(program.output.trim().split('\n')).toHaveLength(1)
  client.close()

  await using again = interplay('start', '--port', '0', '--data', folder.path)
  const state = await fetch(`http://127.0.0.1:${await portOf(again)}/api/rooms/any%2Fname`)
  expect(await state.json()).toEqual({ t: 'kept' })
})

test('start refuses to serve others without auth, and says what to do', async () => {
  await using folder = await temporaryFolder()
  await using program = interplay('start', '--port', '0', '--host', '0.0.0.0', '--data', folder.path)
  expect(await new Promise((resolve) => program.process.once('exit', resolve))).toBe(1)
  expect(program.errors).toMatch(/--auth-secret|--jwks|--anonymous/)
})

test('[C1] a second server over the same data ends at once, and says why', async () => {
  await using folder = await temporaryFolder()
  await using first = interplay('start', '--port', '0', '--data', folder.path)
  await portOf(first)
  await using second = interplay('start', '--port', '0', '--data', folder.path)
  expect(await new Promise((resolve) => second.process.once('exit', resolve))).toBe(1)
  expect(second.errors).toContain(folder.path)
})

test('start says which option or entry is wrong', async () => {
  for (const [args, reason] of [
    [['start', '--port', 'x'], /whole number/],
    [['start', '--log', 'floppy'], /sqlite.*memory/],
    [['start', './nowhere.ts', '--log', 'memory'], /nowhere\.ts/],
    [['start', '--auth-secret', 'short', '--log', 'memory'], /32 bytes/],
    [['start', '--anonymous', '--jwks', 'http://x', '--log', 'memory'], /one of/],
  ] as const) {
    await using program = interplay(...args)
    expect(await new Promise((resolve) => program.process.once('exit', resolve))).toBe(1)
    expect(program.errors).toMatch(reason)
  }
})

test('[D1] dev swaps code while sockets stay open, and keeps the old where the new does not load', async () => {
  await using data = await temporaryFolder()
  await using folder = await workspaceFolder()
  const entry = await writeGreeter(folder.path, 'Hello')
  await using program = interplay('dev', entry, '--port', '0', '--data', data.path)
  const port = await portOf(program)
  const client = createClient({ url: `ws://127.0.0.1:${port}` })
  const room = client.join(greeter, { name: 'Ada' })
  await room.ready
  const statuses = new Set<string>()
  room.subscribe(() => statuses.add(room.status.at))
  expect(await room.dispatch('greet')).toBe('Hello, Ada')

  await writeGreeter(folder.path, 'Good evening')
  await until(() => program.errors.includes('the new code runs'))
  expect(await room.dispatch('greet')).toBe('Good evening, Ada')

  await writeFile(entry, 'this is no module')
  await until(() => program.errors.includes('does not load'))
  expect(await room.dispatch('greet')).toBe('Good evening, Ada')
  expect(room.state.log.toString()).toBe('...')
  expect(statuses).not.toContain('offline')
  client.close()
})
