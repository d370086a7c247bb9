import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { boardRoom } from './board.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const room = 'board/flood'

test('[G3] a flood of frames is bounded and kept in order, and an event of another session does not wait for its end', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  using flooder = await WireClient.connect(world)
  using other = await WireClient.connect(world)
  await Promise.all([flooder.join(room), other.join(room)])
  const frames = 50_000
  for (let sent = 0; sent < frames; sent++) flooder.dispatch(room, `f${sent}`, 'title')
  flooder.dispatch(room, 'last', 'title')
  let answered = 0
  for (; !flooder.reply('last'); answered++) {
    other.dispatch(room, `o${answered}`, 'score.add', { by: 1 })
    expect(await other.answered(`o${answered}`)).toMatchObject({ ok: true })
  }
  expect(answered).toBeGreaterThan(10)
  await until(() => flooder.runtime.filter(({ kind }) => kind === 'reply').length === frames + 1)
  // Whatever was more than may wait was told so, and the others ran in their order.
  const ran = flooder.runtime.flatMap((frame) => {
    if (frame.kind !== 'reply') return []
    if (!frame.outcome.ok) expect(frame.outcome.error.code).toBe('overloaded')
    return frame.outcome.ok ? [Number(frame.eventId.slice(1)) || frames] : []
  })
  expect(ran.length).toBeGreaterThan(500)
  expect(ran.slice(1)).toEqual(ran.slice(1).sort((one, other) => one - other))
})

test('[G3] of 500 questions for the whole state the last is answered, not each', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  const writer = world.client()
  const big = new Y.Doc()
  big.getText('title').insert(0, 'z'.repeat(300_000))
  using client = await WireClient.connect(world)
  await client.join(room)
  client.update(room, Y.encodeStateAsUpdate(big))
  await until(() => client.statuses(room, true) > 0)
  writer.close()
  const before = client.frames.length
  for (let asked = 0; asked < 500; asked++) client.sync(room, 0, new Uint8Array([0]))
  await client.settled()
  await until(() => client.frames.slice(before).some(({ sync }) => sync === 1))
  await client.settled()
  expect(client.frames.slice(before).filter(({ sync }) => sync === 1).length).toBeLessThan(20)
})
