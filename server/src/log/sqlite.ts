import { Worker } from 'node:worker_threads'
import type { Outcome } from '@interplay/shared/protocol'
import {
  type Appended,
  AppendRefused,
  assertRoomName,
  assertTasks,
  type DuePlace,
  type DueTask,
  type JournalMatch,
  type JournalRow,
  LogClosed,
  type LogEntry,
  type StoredRoom,
  type StoredTask,
  type TaskCounts,
  type UpdateLog,
} from './log.ts'
import {
  readDueTasks,
  readJournal,
  readStoredRoom,
  readTasks,
  type StoredRoomMessage,
} from './sqlite-answers.ts'
import { type OutgoingEntry, packEntry } from './sqlite-entry.ts'
import {
  finishTurn,
  type LogAnswers,
  type LogFailure,
  type LogRequest,
  newTurn,
  type Turn,
  writeRequest,
} from './sqlite-messages.ts'

const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './sqlite-worker.ts' : './sqlite-worker.js',
  import.meta.url,
)

/**
 * A log in one SQLite file, `log.sqlite` in this folder, on a thread of its own. Appends that arrive together share
 * one commit, and resolve once it is fsynced. A folder has one owner at a time: while another process has it open,
 * every call rejects and says so. The kernel holds that lock, and drops it when this process closes the file: nothing
 * else in it may open `log.sqlite`.
 */
export function sqliteLog(folder: string): UpdateLog {
  return new SqliteLog(folder)
}

/** An append of so many entries does not wait for others of its turn: the thread begins with it at once. */
const promptEntries = 64

const beforeAll: DuePlace = { due: Number.NEGATIVE_INFINITY, room: '', id: '' }

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: unknown) => void
}

/** Sends the requests of each turn to the thread, and settles them by its answers. */
class SqliteLog implements UpdateLog {
  readonly #folder: string
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  /** Requests of this turn, not sent yet. */
  #turn: Turn | null = null
  /** Started by the first request, and again by the first one after its death. */
  #thread: { readonly worker: Worker; readonly ended: Promise<void> } | null = null
  #closed: Promise<void> | null = null

  constructor(folder: string) {
    this.#folder = folder
  }

  async load(room: string): Promise<StoredRoom> {
    return readStoredRoom(await this.#ask<StoredRoomMessage>({ kind: 'load', room }))
  }

  async append(room: string, entries: readonly LogEntry[], after?: number): Promise<Appended> {
    assertTasks(entries)
    const packed = entries.map(packEntry)
    return { position: await this.#ask<number>({ kind: 'append', room, entries: packed, after }) }
  }

  async replies(room: string, eventIds: readonly string[]): Promise<(Outcome | null)[]> {
    const texts = await this.#ask<(string | null)[]>({ kind: 'replies', room, eventIds })
    return texts.map((text) => (text === null ? null : JSON.parse(text)))
  }

  async eventIds(room: string, after: string, limit: number): Promise<string[]> {
    return this.#ask({ kind: 'eventIds', room, after, limit })
  }

  async compact(room: string, position: number, snapshot: Uint8Array, note?: string): Promise<void> {
    await this.#ask({ kind: 'compact', room, position, snapshot, note: note ?? null })
  }

  async prune(before: { readonly replies: number; readonly journal: number }): Promise<number> {
    return this.#ask({ kind: 'prune', before })
  }

  async dueTasks(until: number, limit: number, after: DuePlace = beforeAll): Promise<DueTask[]> {
    return readDueTasks(await this.#ask({ kind: 'dueTasks', until, limit, after }))
  }

  async countTasks(): Promise<TaskCounts> {
    return this.#ask({ kind: 'countTasks' })
  }

  async tasks(room: string, after: string, limit: number): Promise<StoredTask[]> {
    return readTasks(await this.#ask({ kind: 'tasks', room, after, limit }))
  }

  async journal(room: string, after: number, limit: number, match: JournalMatch = {}): Promise<JournalRow[]> {
    return readJournal(await this.#ask({ kind: 'journal', room, after, limit, match }))
  }

  async rooms(after: string, limit: number): Promise<string[]> {
    return this.#ask({ kind: 'rooms', after, limit })
  }

  close(): Promise<void> {
    this.#closed ??= this.#shutDown()
    return this.#closed
  }

  async #shutDown(): Promise<void> {
    if (!this.#thread && !this.#turn) return
    await this.#send({ kind: 'close' })
    await this.#thread?.ended
  }

  #ask<T>(request: LogRequest<OutgoingEntry>): Promise<T> {
    if (this.#closed) throw new LogClosed()
    if ('room' in request) assertRoomName(request.room)
    return this.#send(request)
  }

  #send<T>(request: LogRequest<OutgoingEntry>): Promise<T> {
    if (!this.#turn) {
      this.#turn = newTurn()
      setImmediate(() => this.#flush())
    }
    const id = ++this.#lastId
    const answer = new Promise<T>((resolve, reject) => this.#pending.set(id, { resolve, reject }))
    writeRequest(this.#turn, id, request)
    if (request.kind === 'append' && request.entries.length >= promptEntries) this.#flush()
    return answer
  }

  #flush(): void {
    if (!this.#turn) return
    const [message, transfer] = finishTurn(this.#turn)
    this.#turn = null
    try {
      this.#thread ??= this.#start()
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#thread.worker.ref()
    this.#thread.worker.postMessage(message, transfer)
  }

  #start() {
    const worker = new Worker(workerUrl, { workerData: { folder: this.#folder }, name: 'log' })
    let cause: unknown
    worker.on('message', (answers: LogAnswers) => this.#settle(answers))
    worker.on('error', (error) => {
      cause = error
    })
    // What was answered before the end has been delivered by now: all that is pending was not committed.
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', () => {
        this.#fail(cause)
        resolve()
      })
    })
    return { worker, ended }
  }

  #settle(answers: LogAnswers): void {
    for (let index = 0; index < answers.length; index += 3) {
      const id = answers[index] as number
      const failure = answers[index + 1] as LogFailure | null
      const { resolve, reject } = this.#pending.get(id)!
      this.#pending.delete(id)
      if (failure)
        reject('refused' in failure ? new AppendRefused(failure.refused, failure.message) : failure)
      else resolve(answers[index + 2] as never)
    }
    // An idle log does not keep the process alive; one that is closing does.
    if (this.#pending.size === 0 && !this.#closed) this.#thread?.worker.unref()
  }

  #fail(cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : 'its thread was stopped'
    const failed = [...this.#pending.values()]
    this.#thread = null
    this.#turn = null
    this.#pending.clear()
    for (const { reject } of failed) reject(new Error(`The log is unavailable: ${reason}`, { cause }))
  }
}
