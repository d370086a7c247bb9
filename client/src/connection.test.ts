import { expect, test, vi } from 'vitest'
import { board } from './board.contract.ts'
import { createClient } from './client.ts'
import type { Clock } from './clock.ts'
import { ScriptedServer } from './scripted-server.contract.ts'
import type { WebSocketLike } from './web-socket.ts'
import { until } from './world.contract.ts'

const params = { boardId: 'q3' }

/** A clock that stands still until it is told. */
class ManualClock implements Clock {
  #now = 1_000_000
  readonly #timers = new Set<{ at: number; then: () => void }>()

  now(): number {
    return this.#now
  }

  random(): number {
    return 0.5
  }

  after(ms: number, then: () => void): () => void {
    const timer = { at: this.#now + ms, then }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  advance(ms: number): void {
    this.#now += ms
    for (const timer of [...this.#timers].sort((a, b) => a.at - b.at)) {
      if (timer.at > this.#now || !this.#timers.delete(timer)) continue
      timer.then()
    }
  }
}

test('a server that went silent is noticed within 30 s, and left for another connection', async () => {
  await using server = await ScriptedServer.start()
  const clock = new ManualClock()
  const client = createClient({ url: server.url }, clock)
  const room = client.join(board, params)
  await room.ready
  await until(() => room.status.at === 'synced')

  clock.advance(20_000)
  await until(() => server.all('hello').length === 2)
  server.doc('board/q3').getText('title').insert(0, 'after the answer')
  await until(() => room.state.title.length > 0)
  clock.advance(10_000)
  expect(room.status.at).toBe('synced')
  expect(server.peers).toHaveLength(1)

  server.script = (_, peer) => peer === server.peers[0]
  clock.advance(20_000)
  clock.advance(10_000)
  expect(room.status).toMatchObject({ at: 'offline', retryAt: clock.now() + 125 })
  clock.advance(125)
  expect(room.status).toMatchObject({ at: 'offline', retryAt: null })
  await until(() => room.status.at === 'synced')
  expect(server.peers).toHaveLength(2)
  client.close()
})

test('a socket that cannot be made, or does not open, is tried again', () => {
  using warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const clock = new ManualClock()
  const sockets: string[] = []
  class Unreachable implements WebSocketLike {
    binaryType = 'blob'
    readyState = 0
    onopen = null
    onmessage = null
    onclose = null
    onerror = null

    constructor(url: string) {
      sockets.push(url)
      if (sockets.length === 1) throw new Error('blocked by the content security policy')
    }

    send(): void {
      throw new Error('not open')
    }

    close(): void {}
  }
  const client = createClient({ url: 'https://example.org/api?x=1', WebSocket: Unreachable }, clock)
  const room = client.join(board, params)
  expect(room.status).toMatchObject({ at: 'offline', retryAt: clock.now() + 125 })
  clock.advance(125)
  expect(sockets).toEqual(['wss://example.org/api?x=1', 'wss://example.org/api?x=1'])
  clock.advance(10_000)
  expect(room.status).toMatchObject({ at: 'offline', retryAt: clock.now() + 250 })
  client.close()
  clock.advance(60_000)
  expect(sockets).toHaveLength(2)
  expect(warnings).toHaveBeenCalledOnce()
})

test('a client needs a URL, an open room a name', async () => {
  expect(() => createClient({ url: 'nowhere' })).toThrow(TypeError)
  const client = createClient({ url: 'ws://127.0.0.1:1' })
  for (const name of ['', 'a\0b', 'ä'.repeat(257)]) {
    expect(() => client.openRoom(name)).toThrow(expect.objectContaining({ code: 'invalid-input' }))
  }
  client.close()
})

test('a page that is hidden shows nobody; one that comes back from the cache is seen again', async () => {
  const page = new EventTarget()
  const listeners = { addEventListener: page.addEventListener.bind(page) }
  Object.assign(globalThis, listeners)
  try {
    await using server = await ScriptedServer.start()
    const client = createClient({ url: server.url })
    const room = client.join(board, params, { presence: { name: 'Ada' } })
    await room.ready
    page.dispatchEvent(new Event('pagehide'))
    expect(room.presence.get()).toBeNull()
    await until(() => server.all('awareness').some(({ update }) => Buffer.from(update).includes('null')))
    page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
    expect(room.presence.get()).toMatchObject({ name: 'Ada' })
    client.close()
  } finally {
    Reflect.deleteProperty(globalThis, 'addEventListener')
  }
})
