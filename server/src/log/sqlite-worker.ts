import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { AppendRefused } from './log.ts'
import { openDatabase } from './sqlite-database.ts'
import { type LogAnswers, type LogRequest, readRequests, writeStoredRoom } from './sqlite-messages.ts'
import { SqliteStore } from './sqlite-store.ts'

/**
 * The thread that owns the database. Each turn it takes every request that has arrived, answers look-ups, and commits
 * the writes together: one fsync for them all.
 */

type Lookup = Extract<LogRequest, { kind: 'load' | 'replies' | 'rooms' }>
type Write = Extract<LogRequest, { kind: 'append' | 'compact' }>

/** Look-ups between two commits take about so long, in milliseconds; the others wait for the next turn. */
const maxLookupMs = 10

/** Bytes of one commit, so that a queue of large writes does not become one endless transaction. */
const maxCommitBytes = 8 * 1024 * 1024

/** Replies pruned between two commits. */
const maxPruned = 1000

const port = parentPort!
const store = new SqliteStore(openDatabase(workerData.folder))
const lookups: [id: number, Lookup][] = []
const writes: [id: number, Write][] = []
const prunes: { readonly id: number; readonly before: number; dropped: number }[] = []
let closeId: number | null = null
let isTurnDue = false

port.on('message', (message: Uint8Array<ArrayBuffer>) => {
  take(message)
  scheduleTurn()
})

function scheduleTurn(): void {
  if (isTurnDue) return
  isTurnDue = true
  setImmediate(turn)
}

function turn(): void {
  isTurnDue = false
  for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) take(more.message)
  answerLookups()
  if (writes.length > 0) commit(nextBatch())
  if (prunes.length > 0) prune(prunes[0]!)
  if (lookups.length + writes.length + prunes.length > 0) scheduleTurn()
  else if (closeId !== null) close(closeId)
}

function take(message: Uint8Array<ArrayBuffer>): void {
  for (const [id, request] of readRequests(message)) {
    if (request.kind === 'close') closeId = id
    else if (request.kind === 'prune') prunes.push({ id, before: request.before, dropped: 0 })
    else if (request.kind === 'append' || request.kind === 'compact') writes.push([id, request])
    else lookups.push([id, request])
  }
}

function answerLookups(): void {
  const answers: LogAnswers = []
  const end = performance.now() + maxLookupMs
  let count = 0
  while (count < lookups.length && performance.now() < end) {
    const [id, lookup] = lookups[count++]!
    try {
      answers.push(id, null, lookUp(lookup))
    } catch (error) {
      answers.push(id, error, null)
    }
  }
  lookups.splice(0, count)
  post(answers)
}

function lookUp(lookup: Lookup): unknown {
  switch (lookup.kind) {
    case 'load':
      return writeStoredRoom(store.load(lookup.room))
    case 'replies':
      return store.replies(lookup.room, lookup.eventIds)
    case 'rooms':
      return store.rooms(lookup.after, lookup.limit)
  }
}

function nextBatch(): [id: number, Write][] {
  let count = 0
  for (let bytes = 0; count < writes.length && bytes < maxCommitBytes; count++)
    bytes += byteLength(writes[count]![1])
  return writes.splice(0, count)
}

/**
 * Commits writes together. When that fails, it fails without a trace, and the halves are tried apart: what fails
 * alone is what is at fault. Answers leave right behind the commit, so that no failure can come between the two.
 */
function commit(batch: readonly [id: number, Write][]): void {
  const answers: LogAnswers = []
  try {
    store.transaction(() => {
      for (const [id, write] of batch) apply(id, write, answers)
    })
  } catch (error) {
    if (batch.length === 1) {
      post([batch[0]![0], error, null])
      return
    }
    const middle = batch.length >> 1
    commit(batch.slice(0, middle))
    commit(batch.slice(middle))
    return
  }
  post(answers)
}

function apply(id: number, write: Write, answers: LogAnswers): void {
  try {
    if (write.kind === 'append') answers.push(id, null, store.append(write.room, write.entries))
    else answers.push(id, null, store.compact(write.room, write.position, write.snapshot))
  } catch (error) {
    if (!(error instanceof AppendRefused)) throw error
    answers.push(id, { refused: error.reason, message: error.message }, null)
  }
}

function prune(task: (typeof prunes)[number]): void {
  try {
    let dropped = 0
    store.transaction(() => {
      dropped = store.prune(task.before, maxPruned)
    })
    task.dropped += dropped
    if (dropped === maxPruned) return
    post([task.id, null, task.dropped])
  } catch (error) {
    post([task.id, error, null])
  }
  prunes.shift()
}

function close(id: number): void {
  store.close()
  post([id, null, null])
  port.close()
}

function post(answers: LogAnswers): void {
  if (answers.length === 0) return
  const buffers = answers
    .filter((value) => value instanceof Uint8Array)
    .map((room) => room.buffer as ArrayBuffer)
  port.postMessage(answers, buffers)
}

function byteLength(write: Write): number {
  if (write.kind === 'compact') return write.snapshot.length
  return write.entries.reduce(
    (bytes, { update, reply }) => bytes + (update?.length ?? 0) + (reply?.outcome.length ?? 0),
    0,
  )
}
