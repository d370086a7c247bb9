import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { roomName } from '@interplay/shared'
import * as Y from 'yjs'
import { board } from './board.ts'
import { boardId, ChaosClient } from './chaos-client.ts'
import { type DiskRoom, readDisk } from './chaos-disk.ts'
import { random } from './random.ts'
import { ServerChild } from './server-child.ts'
import type { DeathOrder } from './server-process.ts'
import { until } from './until.ts'
import { temporaryFolder } from './world.ts'

export const roomOfChaos = roomName(board, { boardId })

type KillMoment = 'anytime' | DeathOrder['moment']

const moments: readonly KillMoment[] = [
  'anytime',
  'anytime',
  'before',
  'during',
  'during',
  'after',
  'compacting',
]

export interface ChaosReport {
  readonly seed: number
  readonly rounds: number
  /** Kills by when they came. */
  readonly kills: Readonly<Record<KillMoment, number>>
  readonly entries: number
  /** SyncStatus frames. */
  readonly acknowledgements: number
  readonly events: number
  /** Events that had their effect when a kill came, but not yet their answer: a resend must not repeat them. */
  readonly answersCutOff: number
  /** What broke a promise, with the round it was found in. Empty is the result to expect. */
  readonly failures: readonly string[]
}

/**
 * Kills a real server with SIGKILL, again and again, while three clients write and dispatch over connections that break.
 * After every kill the disk is read before a client can bring anything back: whatever was acknowledged must be there,
 * each answered event with its effect, and no event with two.
 */
export async function chaos({ seed, rounds }: { seed: number; rounds: number }): Promise<ChaosReport> {
  const { integer, pick } = random(seed)
  const failures: string[] = []
  const kills = { anytime: 0, before: 0, during: 0, after: 0, compacting: 0 }
  let answersCutOff = 0
  await using folder = await temporaryFolder()
  using stack = new DisposableStack()
  let server = await ServerChild.start({ folder: folder.path, port: 0 })
  stack.defer(() => server[Symbol.dispose]())
  const { port, ws } = server
  const clients = ['a', 'b', 'c'].map((name, index) =>
    stack.use(new ChaosClient(ws, name, seed * 10 + index * 2)),
  )
  const fail = (round: number, text: string) => failures.push(`round ${round}: ${text}`)
  await Promise.all(clients.map(({ room }) => room.ready))

  for (let round = 1; round <= rounds; round++) {
    // Some kills come while the clients are still bringing what they wrote offline.
    if (integer(5) > 0) await until(() => clients.every(({ isLive }) => isLive), 30_000)
    if (round === 1) for (const client of clients) client.start()
    const moment = pick(moments)
    kills[moment] += 1
    await delay(integer(300))
    // A connection that ends is no kill: the server still runs what came over it.
    if (integer(3) === 0) {
      pick(clients).tap.cut()
      await delay(integer(30))
    }
    if (moment === 'anytime') server.kill()
    else {
      server.tell({ order: 'die', moment, afterAppends: integer(4), delayMs: integer(4) })
      // Not every round has something to compact, or anything to append.
      await Promise.race([server.ended, delay(1_000)])
      server.kill()
    }
    if ((await server.ended) !== 'SIGKILL') fail(round, `the server ended by itself: ${server.printed}`)
    await until(() => clients.every(({ isLive }) => !isLive))

    const disk = await readDisk(folder.path, roomOfChaos)
    for (const text of brokenPromises(clients, disk)) fail(round, text)
    answersCutOff += cutOff(clients, disk)
    server = await ServerChild.start({ folder: folder.path, port })
  }

  for (const client of clients) client.stop()
  await until(() => clients.every(({ room }) => room.status.at === 'synced'), 60_000)
  for (const text of await audit(clients, server, folder.path)) fail(rounds, text)
  return {
    seed,
    rounds,
    kills,
    entries: clients.flatMap(({ edits }) => edits).filter((entry) => entry !== null).length,
    acknowledgements: clients.reduce((sum, { tap }) => sum + tap.acknowledgements, 0),
    events: clients.reduce((sum, { events }) => sum + events.length, 0),
    answersCutOff,
    failures,
  }
}

/** Kills the server once everything is in sync, and returns what is lost, unanswered, there twice or not equal. */
export async function audit(
  clients: readonly ChaosClient[],
  server: ServerChild,
  folder: string,
): Promise<string[]> {
  const response = await fetch(`${server.http}/api/rooms/${encodeURIComponent(roomOfChaos)}/document`)
  const replicas = new Map(
    clients.map(({ name, room }) => [`client ${name}`, Y.encodeStateAsUpdate(room.doc)]),
  )
  replicas.set('the server', new Uint8Array(await response.arrayBuffer()))
  await server.end('SIGKILL')
  const disk = await readDisk(folder, roomOfChaos)
  replicas.set('the disk', Y.encodeStateAsUpdate(disk.document))
  return [...brokenPromises(clients, disk), ...unkept(clients, disk), ...differences(replicas)]
}

/** What the disk lacks of what was promised before a kill, and what it holds twice. */
export function* brokenPromises(clients: readonly ChaosClient[], disk: DiskRoom): Generator<string> {
  if (disk.corrupt > 0) yield `${disk.corrupt} corrupt rows`
  if (disk.repliedTwice.length > 0) yield `events with two stored replies: ${disk.repliedTwice}`
  const entries = new Set(disk.document.getArray<string>('entries'))
  const applied = disk.document.getArray<string>('applied').toArray()
  const places = new Map(applied.map((mark, index) => [mark, index]))
  if (places.size < applied.length)
    yield `${applied.length - places.size} effects of events that have one already`
  for (const { name, tap, savedEntries } of clients) {
    yield* tap.complaints.splice(0).map((complaint) => `client ${name}: ${complaint}`)
    const missing = tap.missing(disk.document)
    if (missing) yield `acknowledged on the wire to client ${name}, and lost: ${missing}`
    const lost = savedEntries.filter((entry) => !entries.has(entry))
    if (lost.length > 0) yield `confirmed to client ${name}, and lost: ${lost.join(', ')}`

    const numbers = applied
      .filter((mark) => mark.startsWith(`${name}:`))
      .map((mark) => Number(mark.split(':')[1]))
    if (numbers.some((number, index) => number !== index))
      yield `events of client ${name} out of order: ${numbers}`
    for (const [eventId, { input }] of tap.dispatched) {
      const mark = `${name}:${(input as { number: number }).number}`
      const stored = disk.replies.get(eventId) ?? null
      if (places.has(mark) !== (stored?.ok === true))
        yield `event ${mark}: its effect and its reply are not stored together`
      for (const answer of tap.answers.get(eventId) ?? []) {
        if (!isDeepStrictEqual(answer, stored))
          yield `event ${mark}: answered ${JSON.stringify(answer)}, stored ${JSON.stringify(stored)}`
        const place = answer.ok ? (answer.output as { applied: number }).applied - 1 : -1
        if (applied[place] !== mark)
          yield `event ${mark}: its answer does not name its effect: ${JSON.stringify(answer)}`
      }
    }
  }
}

/** What is not there although everybody had the time. */
function* unkept(clients: readonly ChaosClient[], disk: DiskRoom): Generator<string> {
  const entries = disk.document.getArray<string>('entries').toArray()
  const written = clients.flatMap(({ edits }) => edits).filter((entry) => entry !== null)
  if (!isDeepStrictEqual([...entries].sort(), written.sort())) {
    yield `${written.length} entries were written, ${entries.length} are stored, ${new Set(entries).size} of them different ones`
  }
  const applied = disk.document.getArray<string>('applied')
  for (const { events } of clients) {
    for (const { mark, answer } of events) {
      if (!answer) yield `event ${mark} was never answered`
      else if ('error' in answer) yield `event ${mark} failed: ${answer.error}`
      else if (applied.get(answer.applied - 1) !== mark)
        yield `the caller of event ${mark} was told ${answer.applied}`
    }
  }
}

/** Replicas that are not equal byte for byte, once the text is left out that an undo history keeps of what was deleted. */
export function* differences(replicas: ReadonlyMap<string, Uint8Array>): Generator<string> {
  const [[first, bytes] = ['', new Uint8Array()], ...others] = replicas
  const expected = reread(bytes)
  for (const [name, other] of others) {
    if (Buffer.compare(expected, reread(other)) !== 0) yield `${name} differs from ${first}`
  }
}

function reread(update: Uint8Array): Uint8Array {
  const document = new Y.Doc()
  Y.applyUpdate(document, update)
  return Y.encodeStateAsUpdate(document)
}

/** Events that are stored and not answered yet. */
function cutOff(clients: readonly ChaosClient[], disk: DiskRoom): number {
  const unanswered = clients.flatMap(({ tap }) =>
    [...tap.dispatched.keys()].filter((id) => !tap.answers.has(id)),
  )
  return unanswered.filter((id) => disk.replies.has(id)).length
}
