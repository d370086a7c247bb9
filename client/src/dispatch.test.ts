import { expect, test } from 'vitest'
import { board } from './board.contract.ts'
import { windowSize } from './outbox.ts'
import type { Peer, Sent } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

function reply(peer: Peer, frame: Sent, output: unknown): void {
  if (frame.kind !== 'dispatch') throw new Error(`a ${frame.kind} has no reply`)
  peer.sendRuntime({ kind: 'reply', room: name, eventId: frame.eventId, outcome: { ok: true, output } })
}

test('an event resolves with its output and rejects with a typed error', async () => {
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'dispatch' || frame.event !== 'clear') return false
    const error = {
      code: 'invalid-input',
      message: 'Bad',
      issues: [{ path: ['text'], message: 'no' }],
      details: 7,
    }
    peer.sendRuntime({ kind: 'reply', room: name, eventId: frame.eventId, outcome: { ok: false, error } })
    return true
  })
  const room = world.client().join(board, params)
  expect(await room.dispatch('note.add', { text: 'Ship' })).toEqual({ text: 'Ship' })
  await expect(room.dispatch('clear')).rejects.toMatchObject({
    name: 'InterplayError',
    code: 'invalid-input',
    retry: false,
    issues: [{ path: ['text'], message: 'no' }],
    details: 7,
  })
})

test('[E5] edits made before an event go out before it, events in the order of their dispatch', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'first')
  const answers = [room.dispatch('clear'), room.dispatch('note.add', { text: 'a' })]
  room.state.title.insert(0, 'last')
  await Promise.all(answers)
  await until(() => room.status.at === 'synced')
  const order = world.server.sent.map((frame) => (frame.kind === 'dispatch' ? frame.event : frame.kind))
  expect(order.slice(order.indexOf('update'))).toEqual(['update', 'clear', 'note.add', 'update'])
})

test('[E1] unanswered events are sent again with the same ids, in order, after the state', async () => {
  await using world = await startWorld((frame) => frame.kind === 'dispatch')
  const room = world.client().join(board, params)
  await room.ready
  const answers = ['a', 'b', 'c'].map((text) => room.dispatch('note.add', { text }))
  await until(() => world.server.all('dispatch').length === 3)
  const [first] = world.server.peers
  reply(first!, world.server.all('dispatch')[1]!, { text: 'b' })
  expect(await answers[1]).toEqual({ text: 'b' })
  expect(room.status).toMatchObject({ at: 'unsaved', edits: 0, events: 2 })
  world.server.script = () => false
  world.server.cut()
  await until(() => room.status.at === 'offline')
  const late = room.dispatch('note.add', { text: 'd' })
  expect(await Promise.all([...answers, late])).toEqual(['a', 'b', 'c', 'd'].map((text) => ({ text })))

  const again = world.server.peers.at(-1)!.sent
  const kinds = again.map(({ kind }) => kind).filter((kind) => kind !== 'awareness')
  expect(kinds).toEqual(['hello', 'token', 'step1', 'step2', 'dispatch', 'dispatch', 'dispatch'])
  const before = first!.sent.filter((frame) => frame.kind === 'dispatch')
  const after = again.filter((frame) => frame.kind === 'dispatch')
  expect(after.map(({ eventId }) => eventId).slice(0, 2)).toEqual([before[0]!.eventId, before[2]!.eventId])
  expect(after.map(({ attempt }) => attempt)).toEqual([1, 1, 0])
})

test('[E1] a reply that arrives twice, or to nobody, is dropped', async () => {
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'dispatch') return false
    reply(peer, { ...frame, eventId: 'unknown' }, 1)
    reply(peer, frame, 2)
    reply(peer, frame, 3)
    return true
  })
  const room = world.client().join(board, params)
  expect(await room.dispatch('note.add', { text: 'a' })).toBe(2)
  expect(await room.dispatch('note.add', { text: 'a' })).toBe(2)
})

test('[E2] at most 256 events are under way; the rest follows in order', async () => {
  await using world = await startWorld((frame) => frame.kind === 'dispatch')
  const room = world.client().join(board, params)
  await room.ready
  const answers = Array.from({ length: 300 }, (_, index) => room.dispatch('note.add', { text: `${index}` }))
  await until(() => world.server.all('dispatch').length === windowSize)
  const [peer] = world.server.peers
  for (const frame of world.server.all('dispatch').slice(0, 10)) reply(peer!, frame, frame.input)
  await until(() => world.server.all('dispatch').length === windowSize + 10)
  world.server.script = () => false
  for (const frame of world.server.all('dispatch').slice(10)) reply(peer!, frame, frame.input)
  await Promise.all(answers)
  expect(world.server.all('dispatch').map(({ input }) => input)).toEqual(
    Array.from({ length: 300 }, (_, index) => ({ text: `${index}` })),
  )
  await until(() => room.status.at === 'synced')
})

test('an event that is given up before it is sent has no effect; afterwards it may have', async () => {
  await using world = await startWorld((frame) => frame.kind === 'dispatch')
  const room = world.client().join(board, params)
  const early = new AbortController()
  const unsent = room.dispatch('note.add', { text: 'early' }, { signal: early.signal })
  early.abort()
  await expect(unsent).rejects.toMatchObject({
    code: 'cancelled',
    message: expect.stringContaining('no effect'),
  })
  await expect(room.dispatch('clear', undefined, { signal: early.signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
  await room.ready
  const late = new AbortController()
  const sent = room.dispatch('note.add', { text: 'late' }, { signal: late.signal })
  await until(() => world.server.all('dispatch').length === 1)
  late.abort()
  await expect(sent).rejects.toMatchObject({
    code: 'cancelled',
    message: expect.stringContaining('may still happen'),
  })
  expect(room.status).toEqual({ at: 'synced' })
  expect(world.server.all('dispatch').map(({ input }) => input)).toEqual([{ text: 'late' }])
  world.server.script = () => false
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.status.at === 'synced')
  expect(world.server.all('dispatch')).toHaveLength(1)
})

test('an input is what it was when it was dispatched', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  const input = { text: 'then' }
  const answer = room.dispatch('note.add', input)
  input.text = 'now'
  expect(await answer).toEqual({ text: 'then' })
})

test('inputs that are no JSON, or too large, are refused without asking the server', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  await until(() => world.server.all('step2').length === 1)
  await expect(room.dispatch('note.add', { text: 1n as never })).rejects.toMatchObject({
    code: 'invalid-input',
  })
  await expect(room.dispatch('note.add', { text: 'x'.repeat(1_000_001) })).rejects.toMatchObject({
    code: 'too-large',
  })
  expect(world.server.all('dispatch')).toHaveLength(0)
  expect(room.status.at).toBe('synced')
})

test('the answer to an event of an ended session is dropped: it is dispatched again', async () => {
  let ended = false
  await using world = await startWorld((frame, peer) => {
    if (frame.kind !== 'dispatch' || ended) return false
    ended = true
    peer.rooms.clear()
    peer.sendClose(name, 'internal: a bug')
    const outcome = { ok: false, error: { code: 'unauthorized', message: 'Join first' } } as const
    peer.sendRuntime({ kind: 'reply', room: name, eventId: frame.eventId, outcome })
    return true
  })
  const room = world.client().join(board, params)
  expect(await room.dispatch('note.add', { text: 'a' })).toEqual({ text: 'a' })
  expect(world.server.all('dispatch').map(({ attempt }) => attempt)).toEqual([0, 1])
  expect(world.server.peers).toHaveLength(1)
})
