import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from '@playwright/test'
import { build } from 'esbuild'
import { createElement as h } from 'react'
import { renderToString } from 'react-dom/server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
// @ts-expect-error the scripts are JavaScript
import { findChromium } from '../../../scripts/ensure-chromium.mjs'
import { board } from '../board.contract.ts'
import { createClient } from '../client.ts'
import { ScriptedServer } from '../scripted-server.contract.ts'
import { until } from '../world.contract.ts'
import type { Action, BrowserApp } from './browser-app.contract.ts'
import { roomHooks } from './room-hooks.ts'

declare const app: BrowserApp

let browser: Browser
let page: Page
/** Serves the page: Chromium lets only pages of this machine talk to this machine. */
const pages = createServer((_, response) => {
  response.setHeader('content-type', 'text/html')
  response.end(`<!doctype html><meta charset="utf-8"><body><script>${script}</script>`)
})
let script: string

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [new URL('browser-app.contract.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    conditions: ['interplay-source'],
    define: { 'process.env.NODE_ENV': '"development"' },
  })
  script = outputFiles[0]!.text.replaceAll('</script', '<\\/script')
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
  browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] })
  page = await browser.newPage()
})

afterAll(async () => {
  await browser?.close()
  pages.close()
})

interface World extends AsyncDisposable {
  server: ScriptedServer
  act(action: Action): Promise<void>
  show(boardId: string | null): Promise<void>
  text(selector: string): Promise<string>
  tools(): Promise<{ canUndo: boolean; canRedo: boolean; me: unknown; status: string; doc: number }>
  read<K extends 'renders' | 'mounts' | 'statuses' | 'answers'>(what: K): Promise<BrowserApp[K]>
}

async function open(prepare?: (server: ScriptedServer) => void, options = {}): Promise<World> {
  const server = await ScriptedServer.start()
  prepare?.(server)
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`)
  await page.evaluate(([url, options]) => app.start(url, options), [server.url, options] as const)
  return {
    server,
    act: (action) => page.evaluate((action) => app.act(action), action),
    show: (boardId) => page.evaluate((boardId) => app.show(boardId), boardId),
    text: async (selector) => (await page.textContent(selector)) ?? '',
    tools: async () => JSON.parse((await page.textContent('output')) ?? '{}'),
    read: (what) => page.evaluate((what) => app[what], what) as never,
    async [Symbol.asyncDispose]() {
      await page.goto('about:blank')
      await server[Symbol.asyncDispose]()
    },
  }
}

const title = (server: ScriptedServer) => server.doc('board/q3').getText('title')
const eventually = (assertion: () => Promise<void>) =>
  vi.waitFor(assertion, { timeout: 15_000, interval: 10 })

test('StrictMode mounts twice and joins once; unmounting leaves', async () => {
  await using world = await open()
  await eventually(async () => expect((await world.tools()).status).toBe('synced'))
  expect(world.server.peers).toHaveLength(1)
  expect(world.server.all('token')).toHaveLength(1)
  await until(() => new Promise((resolve) => setTimeout(() => resolve(true), 1_200)))
  expect(world.server.all('close')).toHaveLength(0)
  await world.show(null)
  await until(() => world.server.all('close').length === 1)
})

test('useShared renders again only when the selected value is another', async () => {
  await using world = await open((server) => server.doc('board/q3').getMap('notes').set('a', { text: 'one' }))
  await eventually(async () => expect(await world.text('ul')).toBe('[{"text":"one"}]'))
  const before = await world.read('renders')
  title(world.server).insert(0, 'Hello')
  await eventually(async () => expect(await world.text('h1')).toBe('Hello'))
  const after = await world.read('renders')
  expect(after.title).toBeGreaterThan(before.title!)
  expect(after.notes).toBe(before.notes)
  expect(after.tools).toBe(before.tools)
  world.server.doc('board/q3').getMap('notes').set('b', { text: 'two' })
  await eventually(async () => expect(await world.text('ul')).toBe('[{"text":"one"},{"text":"two"}]'))
  expect((await world.read('renders')).title).toBe(after.title)
})

test('a selector may lean on the state of its component', async () => {
  await using world = await open((server) => server.doc('board/q3').getMap('notes').set('a', { text: 'one' }))
  await eventually(async () => expect(await world.text('p')).toBe('a: one'))
  await world.act('other note')
  await eventually(async () => expect(await world.text('p')).toBe('b: none'))
  world.server.doc('board/q3').getMap('notes').set('b', { text: 'two' })
  await eventually(async () => expect(await world.text('p')).toBe('b: two'))
})

test('edits, undo, redo, events and presence work from components', async () => {
  await using world = await open()
  await eventually(async () => expect((await world.tools()).status).toBe('synced'))
  await world.act('edit')
  await eventually(async () => expect(await world.text('h1')).toBe('edited '))
  expect(await world.tools()).toMatchObject({ canUndo: true, canRedo: false })
  await world.act('undo')
  await eventually(async () => expect(await world.tools()).toMatchObject({ canUndo: false, canRedo: true }))
  await world.act('redo')
  await eventually(async () => expect(await world.text('h1')).toBe('edited '))
  await world.act('dispatch')
  await eventually(async () => expect(await world.read('answers')).toEqual([{ text: 'hi' }]))
  await world.act('move cursor')
  await eventually(async () => expect((await world.tools()).me).toEqual({ name: 'Ada', cursor: 1 }))
  expect(new Set(await world.read('statuses'))).toContain('unsaved')
})

test('components hear signals and see jobs', async () => {
  await using world = await open()
  await eventually(async () => expect((await world.tools()).status).toBe('synced'))
  const [peer] = world.server.peers
  const confetti = (x: number) =>
    peer!.sendRuntime({ kind: 'signal', room: 'board/q3', name: 'confetti', payload: { x, y: 0 } })
  confetti(7)
  await eventually(async () => expect(await world.text('s')).toBe('0: 7'))
  confetti(8)
  await eventually(async () => expect(await world.text('s')).toBe('0: 7,1: 8'))
  const before = await world.read('renders')
  const job = { id: 'a', name: 'summarise', attempt: 1 }
  peer!.sendRuntime({ kind: 'job', room: 'board/q3', job: { ...job, at: 'running' } })
  await eventually(async () => expect(await world.text('u')).toBe('summarise running'))
  peer!.sendRuntime({ kind: 'job', room: 'board/q3', job: { ...job, at: 'done' } })
  await eventually(async () => expect(await world.text('u')).toBe(''))
  const after = await world.read('renders')
  expect(after.party).toBe(before.party)
  expect(after.tools).toBe(before.tools)
})

test('others are selected by value', async () => {
  await using world = await open()
  await eventually(async () => expect((await world.tools()).status).toBe('synced'))
  const client = createClient({ url: world.server.url })
  const bob = client.join(board, { boardId: 'q3' }, { presence: { name: 'Bob' } })
  await eventually(async () => expect(await world.text('aside')).toBe('Bob'))
  const before = await world.read('renders')
  bob.presence.update({ cursor: 5 })
  bob.presence.set({ name: 'Robert' })
  await eventually(async () => expect(await world.text('aside')).toBe('Robert'))
  bob.leave()
  await eventually(async () => expect(await world.text('aside')).toBe(''))
  // StrictMode renders twice for each change.
  expect((await world.read('renders')).others! - before.others!).toBeLessThanOrEqual(4)
  client.close()
})

test('another room mounts the children anew', async () => {
  await using world = await open((server) => {
    title(server).insert(0, 'third')
    server.doc('board/q4').getText('title').insert(0, 'fourth')
  })
  await eventually(async () => expect(await world.text('h1')).toBe('third'))
  const before = await world.read('mounts')
  await world.show('q4')
  await eventually(async () => expect(await world.text('h1')).toBe('fourth'))
  expect((await world.read('mounts')).title).toBeGreaterThan(before.title!)
})

test('the fallback is shown until the state is here', async () => {
  await using world = await open(
    (server) => {
      server.script = (frame) => frame.kind !== 'hello'
    },
    { fallback: true },
  )
  await eventually(async () => expect(await world.text('main')).toBe('Loading…'))
  world.server.script = () => false
  world.server.cut()
  await eventually(async () => expect((await world.tools()).status).toBe('synced'))
})

test('a refusal is shown in place of the children', async () => {
  await using world = await open((server) => {
    server.script = (frame, peer) => {
      if (frame.kind === 'token') peer.sendDenied(frame.room, 'forbidden')
      return frame.kind !== 'hello'
    }
  })
  await eventually(async () => expect(await world.text('main')).toBe('forbidden'))

  await using later = await open()
  await eventually(async () => expect((await later.tools()).status).toBe('synced'))
  later.server.peers[0]!.sendClose('board/q3', 'Unauthorized')
  await eventually(async () => expect(await later.text('main')).toBe('unauthorized'))
})

test('[S5] components show the state of the server after a refused edit, and go on from there', async () => {
  await using world = await open((server) => title(server).insert(0, 'kept'))
  await eventually(async () => expect(await world.text('h1')).toBe('kept'))
  const { doc } = await world.tools()
  world.server.script = (frame, peer) => {
    if (frame.kind !== 'update') return false
    peer.sendRefusedWrite(frame.room, 'forbidden')
    return true
  }
  await world.act('refused edit')
  await eventually(async () => expect((await world.tools()).doc).not.toBe(doc))
  await eventually(async () => expect(await world.text('h1')).toBe('kept'))
  world.server.script = () => false
  await world.act('edit')
  await eventually(async () => expect(await world.text('h1')).toBe('edited kept'))
  title(world.server).insert(0, 'theirs ')
  await eventually(async () => expect(await world.text('h1')).toContain('theirs'))
})

test('on a server the fallback is rendered and nothing is joined', async () => {
  await using server = await ScriptedServer.start()
  const { RoomProvider } = roomHooks(board)
  const client = createClient({ url: server.url })
  const html = renderToString(
    h(RoomProvider, { client, params: { boardId: 'q3' }, fallback: h('i', null, 'Loading…') }, 'never'),
  )
  expect(html).toBe('<i>Loading…</i>')
  client.close()
})

test('hooks and providers say what is missing above them', () => {
  const { RoomProvider, useStatus } = roomHooks(board)
  const Status = () => h('i', null, useStatus().at)
  expect(() => renderToString(h(Status))).toThrow('needs a <RoomProvider> of "board/:boardId"')
  expect(() => renderToString(h(RoomProvider, { params: { boardId: 'q3' } }))).toThrow('needs a client')
})
