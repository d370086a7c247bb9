import type { JobStatus } from '@interplay/shared/protocol'
import { expect, test, vi } from 'vitest'
import { board } from './board.contract.ts'
import type { Peer } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'
const job = (id: string, at: JobStatus['at'] = 'running', more: Partial<JobStatus> = {}): JobStatus => ({
  id,
  name: 'summarise',
  at,
  attempt: 1,
  ...more,
})
const tell = (peer: Peer | undefined, ...jobs: JobStatus[]) => {
  for (const each of jobs) peer!.sendRuntime({ kind: 'job', room: name, job: each })
}

test('jobs are listed while they run or wait, and told of to their end', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  expect(room.jobs.get()).toEqual([])
  const told: JobStatus[] = []
  const stop = room.onJob((each) => told.push(each))
  const [peer] = world.server.peers
  const steps = [
    job('a'),
    job('a', 'running', { progress: { done: 0.5 } }),
    job('b'),
    job('b', 'waiting', { error: 'no answer' }),
    job('c'),
    job('c', 'failed', { attempt: 5, error: 'no answer' }),
    job('a', 'done'),
    job('d', 'cancelled'),
  ]
  tell(peer, ...steps)
  await until(() => told.length === steps.length)
  expect(told).toEqual(steps)
  // One that failed for good is the server's still: somebody may want to try it again.
  expect(room.jobs.get()).toEqual([steps[3], steps[5]])
  stop()
  tell(peer, job('b', 'cancelled'), job('c', 'cancelled'))
  await until(() => room.jobs.get().length === 0)
  expect(told).toHaveLength(steps.length)
})

test('the list is the same array until a job changes, and listeners hear of changes only', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  const seen: (readonly JobStatus[])[] = []
  const stop = room.jobs.subscribe(() => seen.push(room.jobs.get()))
  const [peer] = world.server.peers
  tell(peer, job('over', 'done'), job('a'))
  await until(() => seen.length === 1)
  expect(seen[0]).toEqual([job('a')])
  expect(room.jobs.get()).toBe(seen[0])
  room.state.title.insert(0, 'x')
  await until(() => room.status.at === 'synced')
  const told: JobStatus[] = []
  room.onJob((each) => told.push(each))
  tell(peer, job('over', 'cancelled'))
  await until(() => told.length === 1)
  expect(room.jobs.get()).toBe(seen[0])
  stop()
  tell(peer, job('a', 'done'))
  await until(() => room.jobs.get().length === 0)
  expect(seen).toHaveLength(1)
  expect(seen[0]).toEqual([job('a')])
})

test('after a reconnect the list is what the server tells anew', async () => {
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  tell(world.server.peers[0], job('a'), job('b'))
  await until(() => room.jobs.get().length === 2)
  world.server.script = (frame, peer) => {
    if (frame.kind === 'token') tell(peer, job('b', 'running', { attempt: 2 }), job('c'))
    return false
  }
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.status.at === 'synced')
  expect(room.jobs.get()).toEqual([job('b', 'running', { attempt: 2 }), job('c')])

  world.server.script = () => false
  let changes = 0
  room.jobs.subscribe(() => changes++)
  world.server.cut()
  await until(() => room.status.at === 'offline')
  await until(() => room.jobs.get().length === 0)
  expect(changes).toBe(1)
})

test('a room that was left or refused has no jobs', async () => {
  await using world = await startWorld()
  const client = world.client()
  for (const end of ['left', 'refused']) {
    const room = client.join(board, params)
    await room.ready
    tell(world.server.peers[0], job('a'))
    await until(() => room.jobs.get().length === 1)
    if (end === 'left') room.leave()
    else world.server.peers[0]!.sendClose(name, 'Forbidden')
    await until(() => room.status.at === end)
    await until(() => room.jobs.get().length === 0)
  }
})

const hostile: [string, unknown][] = [
  ['nothing', undefined],
  ['no object', 7],
  ['no id', { ...job('a'), id: undefined }],
  ['a name that is none', { ...job('a'), name: {} }],
  ['an unknown state', { ...job('a'), at: 'asleep' }],
  ['an attempt that is no number', { ...job('a'), attempt: '1' }],
]

test.each(hostile)('[G2] a job that is %s costs the socket and nothing else', async (_, payload) => {
  using warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await using world = await startWorld()
  const room = world.client().join(board, params)
  await room.ready
  room.state.title.insert(0, 'mine')
  world.server.peers[0]!.sendRuntime({ kind: 'job', room: name, job: payload as JobStatus })
  await until(() => world.server.peers.length === 2 && room.status.at === 'synced')
  expect(room.jobs.get()).toEqual([])
  expect(warnings).toHaveBeenCalledOnce()
})
