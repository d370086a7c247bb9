import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { readRecord } from './journal-record.ts'
import type { FoundRecord } from './journal-row.ts'
import type { DueTask, JournalRow, StoredRoom, StoredTask, StoredUpdate } from './log.ts'
import { readList } from './sqlite-entry.ts'

/** What the thread answers in one buffer: structured clones of many rows would cost both threads several times as much. */

/** A room as it travels; its parts are transferred. */
export interface StoredRoomMessage {
  readonly rows: Uint8Array<ArrayBuffer>
  readonly snapshot: Uint8Array | null
}

export function writeStoredRoom(stored: StoredRoom): StoredRoomMessage {
  const { snapshot, note, updates, reacted, position, corrupt } = stored
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, position)
  encoding.writeVarString(encoder, JSON.stringify({ note, reacted, corrupt }))
  const authors = new Map<string | null, number>([[null, 0]])
  for (const { by } of updates) if (!authors.has(by)) authors.set(by, authors.size)
  encoding.writeVarUint(encoder, authors.size - 1)
  for (const author of authors.keys()) if (author !== null) encoding.writeVarString(encoder, author)
  encoding.writeVarUint(encoder, updates.length)
  for (const { position, update, by } of updates) {
    encoding.writeVarUint(encoder, position)
    encoding.writeVarUint(encoder, authors.get(by)!)
    encoding.writeVarUint8Array(encoder, update)
  }
  return { rows: encoding.toUint8Array(encoder), snapshot }
}

/** Reads a room; its updates are views of the message. */
export function readStoredRoom({ rows, snapshot }: StoredRoomMessage): StoredRoom {
  const decoder = decoding.createDecoder(rows)
  const position = decoding.readVarUint(decoder)
  const head = JSON.parse(decoding.readVarString(decoder)) as Pick<StoredRoom, 'note' | 'reacted' | 'corrupt'>
  const authors = [null, ...readList(decoder, decoding.readVarString)]
  const readUpdate = (): StoredUpdate => {
    const position = decoding.readVarUint(decoder)
    const by = authors[decoding.readVarUint(decoder)]!
    return { position, update: decoding.readVarUint8Array(decoder), by }
  }
  return { snapshot, ...head, updates: readList(decoder, readUpdate), position }
}

/** A task as it was read: texts are bytes. */
export interface TaskRow {
  /** The name of its room. */
  readonly room: Uint8Array
  readonly id: Uint8Array
  readonly due: number | null
  readonly payload: Uint8Array
}

export function writeTasks(rows: readonly TaskRow[]): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, rows.length)
  for (const row of rows) writeTask(encoder, row)
  return encoding.toUint8Array(encoder)
}

export function readTasks(bytes: Uint8Array<ArrayBuffer>): StoredTask[] {
  return readList(decoding.createDecoder(bytes), readTask)
}

/** The same with the names of their rooms. */
export function writeDueTasks(rows: readonly TaskRow[]): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, rows.length)
  for (const row of rows) {
    encoding.writeVarUint8Array(encoder, row.room)
    writeTask(encoder, row)
  }
  return encoding.toUint8Array(encoder)
}

export function readDueTasks(bytes: Uint8Array<ArrayBuffer>): DueTask[] {
  return readList(decoding.createDecoder(bytes), (decoder) => {
    const room = decoding.readVarString(decoder)
    const { id, due, content } = readTask(decoder)
    return { room, id, due: due!, content }
  })
}

function writeTask(encoder: encoding.Encoder, { id, due, payload }: TaskRow): void {
  encoding.writeVarUint8Array(encoder, id)
  // Not a number for a task that is never due.
  encoding.writeFloat64(encoder, due ?? Number.NaN)
  encoding.writeVarUint8Array(encoder, payload)
}

function readTask(decoder: decoding.Decoder<ArrayBuffer>): StoredTask {
  const id = decoding.readVarString(decoder)
  const due = decoding.readFloat64(decoder)
  return { id, due: Number.isNaN(due) ? null : due, content: decoding.readVarString(decoder) }
}

export function writeJournal(records: readonly FoundRecord[]): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, records.length)
  for (const { position, bytes } of records) {
    encoding.writeVarUint(encoder, position)
    encoding.writeUint8Array(encoder, bytes)
  }
  return encoding.toUint8Array(encoder)
}

export function readJournal(bytes: Uint8Array<ArrayBuffer>): JournalRow[] {
  return readList(decoding.createDecoder(bytes), (decoder) => {
    const position = decoding.readVarUint(decoder)
    return { position, ...readRecord(decoder) }
  })
}
