import { type Client, createClient, type Room } from '@interplay/client'
import * as Y from 'yjs'
import { board } from './board.ts'
import { HeldEdits } from './replay-socket.ts'
import type { ConcurrentEdit, ConcurrentTrace, Patch, SequentialTrace } from './replay-trace.ts'
import { ServerChild } from './server-child.ts'
import { until } from './until.ts'
import { temporaryFolder } from './world.ts'

type Board = Room<typeof board>

const boardId = 'replay'

/** Edits that may be under way: a client that waited for each one would measure round trips. */
const maxUnsaved = 256

/** What a replay came to: the text at every place that has one, and how long it took. */
export interface Replayed {
  readonly texts: Record<string, string>
  readonly edits: number
  /** From the first edit until every client has the whole text and the server has acknowledged it. */
  readonly replayMs: number
  /** CPU time of the server process in these. */
  readonly serverCpuMs: number
  /** From the start of the restarted server until its document was read. */
  readonly reopenMs: number
}

/** One client types the whole trace, one frame per edit; two read it. Then the server is killed and started again. */
export function replaySequential(
  { edits }: SequentialTrace,
  execArgv: readonly string[] = [],
): Promise<Replayed> {
  return replay(edits.length, execArgv, async (join) => {
    const [writer, ...readers] = await Promise.all([join('writer'), join('reader 1'), join('reader 2')])
    const isAstral = edits.some(([, , inserted]) => hasAstral(inserted))
    for (const patch of edits) {
      edit(writer, [patch], isAstral)
      // What is edited in one turn leaves in one frame.
      await null
      if (writer.status.at === 'unsaved' && writer.status.edits >= maxUnsaved)
        await unsavedBelow(writer, maxUnsaved / 2)
    }
    await unsavedBelow(writer, 1)
    const text = writer.state.title.toString()
    for (const reader of readers) await until(() => hasText(reader, text), 120_000)
  })
}

/**
 * Two clients, each typing what one author typed, having received exactly what that author had received: a client's
 * inbound edits are held until the trace merges them. Where the other author will merge, a client notes in the same
 * transaction how far it is, and waits until the server has it, so that what comes next travels apart.
 */
export function replayConcurrent(
  trace: ConcurrentTrace,
  execArgv: readonly string[] = [],
): Promise<Replayed> {
  const count = trace.authors[0].length + trace.authors[1].length
  return replay(count, execArgv, async (join) => {
    const isAstral =
      hasAstral(trace.endContent) ||
      trace.authors.flat().some(({ patches }) => patches.some(([, , text]) => hasAstral(text)))
    const held = [new HeldEdits(), new HeldEdits()] as const
    const rooms = await Promise.all([join('author 0', held[0]), join('author 1', held[1])])
    for (const author of [0, 1] as const) {
      held[author].hold()
      // Y.Text inserts behind what was deleted at that place, and there two inserts of the trace do meet: the recorded
      // order is that of the authors.
      rooms[author].doc.clientID = author + 1
    }
    await Promise.all(
      ([0, 1] as const).map((author) =>
        replayAuthor({
          author,
          room: rooms[author],
          held: held[author],
          edits: trace.authors[author],
          landmarks: new Set(trace.authors[1 - author]!.map(({ seen }) => seen)),
          isAstral,
        }),
      ),
    )
    for (const each of held) each.stop()
    await until(() => rooms[0].state.title.toString() === rooms[1].state.title.toString())
  })
}

interface Author {
  readonly author: 0 | 1
  readonly room: Board
  readonly held: HeldEdits
  readonly edits: readonly ConcurrentEdit[]
  /** Counts of own edits at which the other author merges. */
  readonly landmarks: ReadonlySet<number>
  readonly isAstral: boolean
}

async function replayAuthor({ author, room, held, edits, landmarks, isAstral }: Author): Promise<void> {
  const progress = (of: number) => Number(room.state.notes.get(`author ${of}`)?.text ?? 0)
  let made = 0
  for (const { patches, seen } of edits) {
    while (progress(1 - author) < seen) if (!held.release()) await turn()
    if (progress(1 - author) > seen)
      throw new Error(`author ${author} saw more than ${seen} edits of the other one`)
    made += 1
    const isLandmark = landmarks.has(made)
    room.doc.transact(() => {
      edit(room, patches, isAstral)
      if (isLandmark) room.state.notes.set(`author ${author}`, { text: String(made), by: 'replay' })
    })
    await null
    if (isLandmark) await unsavedBelow(room, 1)
    else if (room.status.at === 'unsaved' && room.status.edits >= maxUnsaved)
      await unsavedBelow(room, maxUnsaved / 2)
  }
  await unsavedBelow(room, 1)
}

async function replay(
  edits: number,
  execArgv: readonly string[],
  run: (join: (name: string, held?: HeldEdits) => Promise<Board>) => Promise<void>,
): Promise<Replayed> {
  await using folder = await temporaryFolder()
  const rooms = new Map<string, Board>()
  const clients: Client[] = []
  try {
    using server = await ServerChild.start({ folder: folder.path, port: 0 }, execArgv)
    const cpuBefore = await server.cpuMs()
    const startedAt = performance.now()
    await run(async (name, held) => {
      const client = createClient({ url: server.ws, ...(held && { WebSocket: held.WebSocket }) })
      clients.push(client)
      const room = client.join(board, { boardId })
      rooms.set(name, room)
      await room.ready
      return room
    })
    const replayMs = performance.now() - startedAt
    const serverCpuMs = (await server.cpuMs()) - cpuBefore
    const texts = Object.fromEntries([...rooms].map(([name, room]) => [name, room.state.title.toString()]))
    texts['server, as a document'] = (await fetchDocument(server)).getText('title').toString()
    texts['server, as JSON'] = (await fetchJson(server)).title
    // The clients must not bring back what the disk has lost. A profiled server ends in its own time to write its profile.
    for (const client of clients) client.close()
    await server.end(execArgv.length === 0 ? 'SIGKILL' : 'SIGTERM')

    const reopenedAt = performance.now()
    using restarted = await ServerChild.start({ folder: folder.path, port: 0 })
    texts['server, restarted'] = (await fetchDocument(restarted)).getText('title').toString()
    const reopenMs = performance.now() - reopenedAt
    const latecomer = createClient({ url: restarted.ws })
    clients.push(latecomer)
    const room = latecomer.join(board, { boardId })
    await room.ready
    texts['client after the restart'] = room.state.title.toString()
    return { texts, edits, replayMs, serverCpuMs, reopenMs }
  } finally {
    for (const client of clients) client.close()
  }
}

async function fetchDocument({ http }: ServerChild): Promise<Y.Doc> {
  const response = await fetch(`${http}/api/rooms/board%2F${boardId}/document`)
  const document = new Y.Doc()
  Y.applyUpdate(document, new Uint8Array(await response.arrayBuffer()))
  return document
}

async function fetchJson({ http }: ServerChild): Promise<{ title: string }> {
  const response = await fetch(`${http}/api/rooms/board%2F${boardId}`)
  return (await response.json()) as { title: string }
}

/** Makes one edit of a trace, in one transaction. */
function edit(room: Board, patches: readonly Patch[], isAstral: boolean): void {
  const { title } = room.state
  room.doc.transact(() => {
    for (const [position, deleted, inserted] of patches) {
      const text = isAstral ? title.toString() : ''
      const from = isAstral ? utf16Index(text, position) : position
      const length = isAstral ? utf16Index(text.slice(from), deleted) : deleted
      if (length > 0) title.delete(from, length)
      if (inserted) title.insert(from, inserted)
    }
  }, room)
}

const hasAstral = (text: string) => /[\u{10000}-\u{10ffff}]/u.test(text)

/** Where a code point stands in UTF-16 code units, which is what Yjs counts. */
function utf16Index(text: string, points: number): number {
  let index = 0
  for (let left = points; left > 0; left--) index += text.codePointAt(index)! > 0xffff ? 2 : 1
  return index
}

function hasText(room: Board, text: string): boolean {
  return room.state.title.length === text.length && room.state.title.toString() === text
}

/** Resolves once fewer than so many edits wait for their acknowledgement. */
async function unsavedBelow(room: Board, limit: number): Promise<void> {
  const isBelow = () =>
    room.status.at === 'synced' || (room.status.at === 'unsaved' && room.status.edits < limit)
  if (isBelow()) return
  await new Promise<void>((resolve) => {
    const stop = room.subscribe(() => {
      if (!isBelow()) return
      stop()
      resolve()
    })
  })
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
