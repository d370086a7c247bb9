import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board } from './board.contract.ts'
import type { Room } from './room.ts'
import type { Script } from './scripted-server.contract.ts'
import { startWorld, until } from './world.contract.ts'

const params = { boardId: 'q3' }
const name = 'board/q3'

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Clients edit and dispatch while sockets are cut, replies are lost and writes are refused. */
async function converge({ seed, clients, steps }: { seed: number; clients: number; steps: number }) {
  const random = seeded(seed)
  const replies = new Map<string, unknown>()
  const ran: string[] = []
  let calm = false
  const script: Script = (frame, peer) => {
    if ((frame.kind === 'update' || frame.kind === 'step2') && !calm && random() < 0.03) {
      peer.sendRefusedWrite(name, 'forbidden')
      return true
    }
    if (frame.kind === 'update' || frame.kind === 'step2') {
      // What leans on a refused update is refused with it, as the server does.
      const vector = Y.decodeStateVector(Y.encodeStateVector(world.server.doc(name)))
      const { from } = Y.parseUpdateMeta(frame.update)
      const hasGap = [...from].some(([client, clock]) => clock > (vector.get(client) ?? 0))
      if (!hasGap) return false
      peer.sendRefusedWrite(name, 'forbidden')
      return true
    }
    if (frame.kind !== 'dispatch') return false
    if (!replies.has(frame.eventId)) {
      ran.push((frame.input as { text: string }).text)
      replies.set(frame.eventId, frame.input)
    }
    if (!calm && random() < 0.2) return true // the reply is lost
    const outcome = { ok: true, output: replies.get(frame.eventId) } as const
    peer.sendRuntime({ kind: 'reply', room: name, eventId: frame.eventId, outcome })
    return true
  }
  await using world = await startWorld(script)
  const rooms = Array.from({ length: clients }, () => world.client().join(board, params))
  await Promise.all(rooms.map((room) => room.ready))
  const answers: Promise<unknown>[] = []
  const pick = (): Room<typeof board> => rooms[Math.floor(random() * rooms.length)]!

  for (let step = 0; step < steps; step++) {
    const room = pick()
    const { title, notes } = room.state
    const dice = random()
    if (dice < 0.4) title.insert(Math.floor(random() * (title.length + 1)), `${step % 10}`)
    else if (dice < 0.5 && title.length > 0) title.delete(Math.floor(random() * title.length), 1)
    else if (dice < 0.6) notes.set(`${step % 5}`, { text: `${step}` })
    else if (dice < 0.65) room.history.undo()
    else if (dice < 0.8) answers.push(room.dispatch('note.add', { text: `event ${step}` }))
    else if (dice < 0.83) world.server.cut()
    else if (dice < 0.88) world.server.peers[Math.floor(random() * world.server.peers.length)]!.cut()
    else await new Promise((resolve) => setTimeout(resolve, random() * 4))
  }

  calm = true
  world.server.cut() // whoever waits for a lost reply asks again
  await Promise.all(answers)
  await until(() => rooms.every((room) => room.status.at === 'synced'))
  // Not byte by byte: a client keeps the content of what it may undo.
  await until(() =>
    rooms.every((room) => Y.equalSnapshots(Y.snapshot(room.doc), Y.snapshot(world.server.doc(name)))),
  )
  for (const room of rooms) {
    expect(room.doc.getText('title').toJSON()).toBe(world.server.doc(name).getText('title').toJSON())
    expect(room.doc.getMap('notes').toJSON()).toEqual(world.server.doc(name).getMap('notes').toJSON())
  }
  expect(rooms.map((room) => room.doc.store.pendingStructs)).toEqual(rooms.map(() => null))
  expect(ran.length).toBe(answers.length)
  expect(new Set(ran).size).toBe(ran.length)
}

const seeds = process.env.CHAOS_SEEDS
  ? Array.from({ length: +process.env.CHAOS_SEEDS }, (_, seed) => seed)
  : [1, 7, 4711, 90210]

test.each(seeds)(
  '[S1] [E1] clients converge and events happen once through cuts and refusals: seed %i',
  async (seed) => {
    await converge({ seed, clients: 3, steps: 150 })
  },
)
