import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { AppendRefused } from './log.ts'
import { writeDueTasks, writeJournal, writeStoredRoom, writeTasks } from './sqlite-answers.ts'
import { openDatabase, pageBytes } from './sqlite-database.ts'
import type { PackedTaskChange } from './sqlite-entry.ts'
import { type JournalSearch, newSearch } from './sqlite-journal.ts'
import { type LogAnswers, type LogRequest, readTurn, type TurnMessage } from './sqlite-messages.ts'
import { newPruning, type Pruning, stepPruning } from './sqlite-pruning.ts'
import { SqliteStore } from './sqlite-store.ts'

/**
 * The thread that owns the database. Each turn it takes every request that has arrived, answers look-ups, and commits
 * the writes together: one fsync for them all.
 */

type Lookup =
  | Extract<
      LogRequest,
      { kind: 'load' | 'replies' | 'rooms' | 'eventIds' | 'dueTasks' | 'countTasks' | 'tasks' }
    >
  | { readonly kind: 'journal'; readonly room: string; readonly search: JournalSearch }
type Append = Extract<LogRequest, { kind: 'append' }>
type Compaction = Extract<LogRequest, { kind: 'compact' }>
type Numbered<Request> = [id: number, request: Request]

/** Look-ups between two commits take about so long, in milliseconds; the others wait for the next turn. */
const maxLookupMs = 10

/** Bytes of one commit: appends wait for those before them, and snapshots let appends pass. */
const maxAppendedBytes = 8 * 1024 * 1024
const maxCompactedBytes = 1024 * 1024

const port = parentPort!
const store = new SqliteStore(openDatabase(workerData.folder))
const lookups: Numbered<Lookup>[] = []
const appends: Numbered<Append>[] = []
const compactions: Numbered<Compaction>[] = []
const prunes: Numbered<Pruning>[] = []
let closeId: number | null = null
let isTurnDue = false

port.on('message', (message: TurnMessage) => {
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
  commit(nextBatch(appends, maxAppendedBytes))
  commit(nextBatch(compactions, maxCompactedBytes))
  if (prunes.length > 0) prune()
  if (lookups.length + appends.length + compactions.length + prunes.length > 0) scheduleTurn()
  else if (closeId !== null) close(closeId)
}

function take(message: TurnMessage): void {
  for (const [id, request] of readTurn(message)) {
    switch (request.kind) {
      case 'append':
        appends.push([id, request])
        break
      case 'compact':
        compactions.push([id, request])
        break
      case 'prune':
        prunes.push([id, newPruning(store, request.before)])
        break
      case 'journal': {
        const { room, after, limit, match } = request
        lookups.push([id, { kind: 'journal', room, search: newSearch(after, limit, match) }])
        break
      }
      case 'close':
        closeId = id
        break
      default:
        lookups.push([id, request])
    }
  }
}

function answerLookups(): void {
  const answers: LogAnswers = []
  const transfer: ArrayBuffer[] = []
  const end = performance.now() + maxLookupMs
  let count = 0
  while (count < lookups.length && performance.now() < end) {
    const [id, lookup] = lookups[count++]!
    try {
      // A search goes to the end of the queue after each of its steps.
      if (lookup.kind === 'journal' && !store.searchJournal(lookup.room, lookup.search))
        lookups.push([id, lookup])
      else answers.push(id, null, lookUp(lookup, transfer))
    } catch (error) {
      answers.push(id, error, null)
    }
  }
  lookups.splice(0, count)
  post(answers, transfer)
}

function lookUp(lookup: Lookup, transfer: ArrayBuffer[]): unknown {
  switch (lookup.kind) {
    case 'load': {
      const { rows, snapshot } = writeStoredRoom(store.load(lookup.room))
      transfer.push(rows.buffer)
      if (snapshot) transfer.push(snapshot.buffer as ArrayBuffer)
      return { rows, snapshot }
    }
    case 'replies':
      return store.replies(lookup.room, lookup.eventIds)
    case 'eventIds':
      return store.eventIds(lookup.room, lookup.after, lookup.limit)
    case 'rooms':
      return store.rooms(lookup.after, lookup.limit)
    case 'dueTasks':
      return transferred(writeDueTasks(store.dueTasks(lookup.until, lookup.limit, lookup.after)), transfer)
    case 'countTasks':
      return store.countTasks()
    case 'tasks':
      return transferred(writeTasks(store.tasks(lookup.room, lookup.after, lookup.limit)), transfer)
    case 'journal':
      return transferred(writeJournal(lookup.search.found), transfer)
  }
}

function transferred(bytes: Uint8Array<ArrayBuffer>, transfer: ArrayBuffer[]): Uint8Array {
  transfer.push(bytes.buffer)
  return bytes
}

function nextBatch<Write extends Append | Compaction>(
  queue: Numbered<Write>[],
  maxBytes: number,
): Numbered<Write>[] {
  let count = 0
  for (let bytes = 0; count < queue.length && bytes < maxBytes; count++) bytes += byteLength(queue[count]![1])
  return queue.splice(0, count)
}

/**
 * Commits writes together. When that fails, it fails without a trace, and the halves are tried apart: what fails
 * alone is what is at fault. Answers leave right behind the commit, so that no failure can come between the two.
 */
function commit(batch: readonly Numbered<Append | Compaction>[]): void {
  if (batch.length === 0) return
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

function apply(id: number, write: Append | Compaction, answers: LogAnswers): void {
  try {
    if (write.kind === 'append') answers.push(id, null, store.append(write.room, write.entries, write.after))
    else answers.push(id, null, store.compact(write.room, write.position, write.snapshot, write.note))
  } catch (error) {
    if (!(error instanceof AppendRefused)) throw error
    answers.push(id, { refused: error.reason, message: error.message }, null)
  }
}

function prune(): void {
  const [id, pruning] = prunes[0]!
  if (!stepPruning(pruning)) return
  const { dropped, error } = pruning
  post([id, error, error ? null : dropped])
  prunes.shift()
}

function close(id: number): void {
  store.close()
  post([id, null, null])
  port.close()
}

function post(answers: LogAnswers, transfer: ArrayBuffer[] = []): void {
  if (answers.length > 0) port.postMessage(answers, transfer)
}

/** An entry counts for a page at least: that is what it makes the commit write. */
function byteLength(write: Append | Compaction): number {
  if (write.kind === 'compact') return write.snapshot.length
  return write.entries.reduce((bytes, { update, reply, tasks, journal }) => {
    const own =
      pageBytes + (update?.length ?? 0) + (reply?.outcome.length ?? 0) + (journal?.bytes.length ?? 0)
    return bytes + own + (tasks ? taskBytes(tasks) : 0)
  }, 0)
}

/** The pages of its row and its time. */
function taskBytes(tasks: readonly PackedTaskChange[]): number {
  return tasks.reduce((bytes, { content }) => bytes + 2 * pageBytes + (content?.length ?? 0), 0)
}
