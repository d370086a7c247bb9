import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board, boardRoom } from './board.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld } from './world.ts'

const room = 'board/slow'

/** Applies what a client was sent to a document of its own. */
function replicaOf({ frames }: WireClient): Y.Doc {
  const document = new Y.Doc()
  for (const { type, sync, body } of frames) {
    if ((type === 0 || type === 4) && (sync === 1 || sync === 2)) {
      Y.applyUpdate(document, body)
    }
  }
  return document
}

test('[G1] a reader that pauses is owed one difference, however much has passed, and nobody else waits', async () => {
  await using world = await startWorld({ rooms: [boardRoom], highWaterBytes: 64 * 1024 })
  using reader = await WireClient.connect(world)
  await reader.join(room)
  const writer = world.client().join(board, { boardId: 'slow' })
  const witness = world.client().join(board, { boardId: 'slow' })
  await Promise.all([writer.ready, witness.ready])
  const { _socket: socket } = reader.webSocket as unknown as { _socket: { bytesRead: number } }
  reader.webSocket.pause()
  const before = socket.bytesRead
  // Each value replaces the one before: the document stays small while 30 MB pass.
  const filler = 'x'.repeat(100_000)
  for (let round = 1; round <= 300; round++) {
    writer.state.notes.set('busy', { text: `${round} ${filler}`, by: 'writer' })
    if (round % 10 === 0) await until(() => witness.state.notes.get('busy')?.text.startsWith(`${round} `))
  }
  reader.webSocket.resume()
  const text = writer.state.notes.get('busy')!.text
  await until(() => (replicaOf(reader).getMap('notes').get('busy') as { text: string })?.text === text)
  expect(Buffer.compare(Y.encodeStateVector(replicaOf(reader)), Y.encodeStateVector(writer.doc))).toBe(0)
  expect(replicaOf(reader).getMap('notes').toJSON()).toEqual(writer.doc.getMap('notes').toJSON())
  // What the kernels had taken, and one difference; not 30 MB.
  expect(socket.bytesRead - before).toBeLessThan(10_000_000)
})

test('[G1] [P2] of presence that a reader missed it gets the latest', async () => {
  await using world = await startWorld({ rooms: [boardRoom], highWaterBytes: 16 * 1024 })
  using reader = await WireClient.connect(world)
  await reader.join(room)
  const other = world.client().join(board, { boardId: 'slow' }, { presence: { name: '0' } })
  await other.ready
  reader.webSocket.pause()
  const filler = 'y'.repeat(50_000)
  for (let round = 1; round <= 200; round++) {
    other.state.notes.set('busy', { text: `${round} ${filler}`, by: 'other' })
    if (round % 20 === 0) await until(() => other.status.at === 'synced')
  }
  other.presence.set({ name: 'latest' })
  await until(() => other.status.at === 'synced')
  reader.webSocket.resume()
  await until(() =>
    reader.frames.some(({ type, body }) => type === 1 && Buffer.from(body).includes('"latest"')),
  )
})

test('[G1] replies are never left out: who reads none of them is cut, and the others go on', async () => {
  await using world = await startWorld({
    rooms: [boardRoom],
    highWaterBytes: 16 * 1024,
    maxLagBytes: 256 * 1024,
  })
  using greedy = await WireClient.connect(world)
  using honest = await WireClient.connect(world)
  await Promise.all([greedy.join(room), honest.join(room)])
  greedy.webSocket.pause()
  // An error repeats the long name of an event that there is not: more comes back than was sent.
  let sent = 0
  const flood = setInterval(() => {
    for (let count = 0; count < 500; count++) greedy.dispatch(room, `e${sent++}`, 'no-such-event', 'z')
  }, 1)
  await until(async () => {
    const metrics = await (await fetch(`${world.http}/metrics`)).text()
    return /^interplay_overruns_total 1$/m.test(metrics)
  }, 60_000)
  clearInterval(flood)
  honest.dispatch(room, 'mine', 'score.add', { by: 1 })
  expect(await honest.answered('mine')).toMatchObject({ ok: true })
})
