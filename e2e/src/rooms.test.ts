import { expect, test } from 'vitest'
import { board, boardRoom, gates } from './board.ts'
import { until } from './until.ts'
import { startWorld } from './world.ts'

/** Rooms in memory, as the server counts them. */
async function rooms(http: string): Promise<number> {
  const metrics = await (await fetch(`${http}/metrics`)).text()
  return Number(/^interplay_rooms (\d+)$/m.exec(metrics)?.[1])
}

async function untilRooms(http: string, count: number): Promise<void> {
  while ((await rooms(http)) !== count) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('[S6] a room is unloaded when nobody is in it, and opened again as it was', async () => {
  await using world = await startWorld({ rooms: [boardRoom], unloadAfterMs: 1 })
  for (let round = 0; round < 5; round++) {
    const room = world.client().join(board, { boardId: 'q3' })
    await room.ready
    expect(room.state.entries.length).toBe(round)
    room.state.entries.push(`round ${round}`)
    expect(await room.dispatch('score.add', { by: 1 })).toEqual({ score: round + 1 })
    await until(() => room.status.at === 'synced')
    room.leave()
    await untilRooms(world.http, 0)
  }
})

test('[S3] a room is not unloaded while an event runs in it', async () => {
  await using world = await startWorld({ rooms: [boardRoom], unloadAfterMs: 1 })
  const room = world.client().join(board, { boardId: 'q3' })
  await room.ready
  void room.dispatch('wait', { gate: 'unload' }).catch(() => {})
  await until(() => gates.has('unload'))
  room.leave()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await rooms(world.http)).toBe(1)
  gates.get('unload')!()
  await untilRooms(world.http, 0)
  const state = await (await fetch(`${world.http}/api/rooms/board%2Fq3`)).json()
  expect(state).toMatchObject({ status: 'done' })
})

test('[S6] many clients join and leave while the room unloads under them', async () => {
  await using world = await startWorld({ rooms: [boardRoom], unloadAfterMs: 0 })
  let entries = 0
  for (let round = 0; round < 30; round++) {
    const joined = Array.from({ length: 3 }, () => world.client().join(board, { boardId: 'q3' }))
    await Promise.all(joined.map(({ ready }) => ready))
    for (const room of joined) room.state.entries.push('x')
    entries += joined.length
    await until(() => joined.every(({ status }) => status.at === 'synced'))
    for (const room of joined) room.leave()
  }
  const last = world.client().join(board, { boardId: 'q3' })
  await last.ready
  expect(last.state.entries.length).toBe(entries)
})
