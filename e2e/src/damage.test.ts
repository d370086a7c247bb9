import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board, boardRoom } from './board.ts'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

async function enter(world: World) {
  const room = world.client().join(board, { boardId: 'q3' })
  await room.ready
  return room
}

/** Flips a byte in the second entry of the only room. */
function corrupt(folder: string): void {
  const database = new DatabaseSync(join(folder, 'log.sqlite'))
  const [, second] = database.prepare('SELECT key, payload FROM entries ORDER BY key').all()
  const payload = Uint8Array.from(second!.payload as Uint8Array)
  payload[payload.length - 1]! ^= 0xff
  database.prepare('UPDATE entries SET payload = ? WHERE key = ?').run(payload, second!.key!)
  database.close()
}

test('[L3] a corrupt row is reported with its position, the rest is readable, and the room goes on', async () => {
  await using folder = await temporaryFolder()
  const saved = async (world: World, write: (room: Awaited<ReturnType<typeof enter>>) => void) => {
    const room = await enter(world)
    write(room)
    await until(() => room.status.at === 'synced')
    return room
  }
  {
    await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
    await saved(world, (room) => room.state.title.insert(0, 'first'))
    await saved(world, (room) => room.state.entries.push('second'))
    await saved(world, (room) => room.state.notes.set('third', { text: 'third', by: 'ada' }))
  }
  corrupt(folder.path)
  {
    await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
    const room = await enter(world)
    expect(room.state.toJSON()).toMatchObject({
      title: 'first',
      entries: [],
      notes: { third: { text: 'third' } },
    })
    expect(world.errors).toMatchObject([{ room: 'board/q3', part: 'entry', position: 2 }])
    expect(await (await fetch(`${world.http}/metrics`)).text()).toContain('interplay_corrupt_rows_total 1')
    await saved(world, ({ state }) => state.entries.push('after'))
  }
  await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
  const room = await enter(world)
  expect(room.state.entries.toJSON()).toEqual(['after'])
  expect(world.errors).toMatchObject([{ room: 'board/q3', part: 'entry', position: 2 }])
})

test('[L3] [S4] who still has what a corrupt row held brings it back, and with it what built on it', async () => {
  await using folder = await temporaryFolder()
  let whole: Uint8Array
  {
    await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
    const room = await enter(world)
    for (const letter of 'abc') {
      room.state.title.insert(room.state.title.length, letter)
      await until(() => room.status.at === 'synced')
    }
    whole = Y.encodeStateAsUpdate(room.doc)
  }
  corrupt(folder.path)
  {
    await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
    const room = await enter(world)
    expect(room.state.title.toString()).toBe('a')
    Y.applyUpdate(room.doc, whole)
    await until(() => room.status.at === 'synced')
    room.state.title.insert(3, 'd')
    await until(() => room.status.at === 'synced')
    const state = await (await fetch(`${world.http}/api/rooms/board%2Fq3`)).json()
    expect(state).toMatchObject({ title: 'abcd' })
  }
  await using world = await startWorld({ rooms: [boardRoom], folder: folder.path })
  expect((await enter(world)).state.title.toString()).toBe('abcd')
})
