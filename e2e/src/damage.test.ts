import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
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
