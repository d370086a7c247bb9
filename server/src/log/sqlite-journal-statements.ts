import type { DatabaseSync } from 'node:sqlite'
import type { JournalRow } from './journal-row.ts'
import { prepared } from './sqlite-prepared.ts'
import { endOfRoom, startOfRoom } from './sqlite-statements.ts'

/** Where records are: with their entries, or in rows of the journal once these are compacted. */
export type JournalSource = 'entries' | 'journal'

/** A record that is with its entry; entries without one are read too. */
export interface EntryRecord {
  readonly position: number
  readonly checksum: number
  readonly bytes: Uint8Array | null
}

/** Positions of a room take 36 bits of a key. */
export const maxPosition = 2 ** 36 - 1

const behind = `key > ${startOfRoom} + ?2 AND key < ${endOfRoom} ORDER BY key`
const position = `key - ${startOfRoom} AS position`
const record = `${position}, journal_checksum AS checksum, journal AS bytes FROM entries`

export const rowsBehind = `
  SELECT ${position}, count, earliest, latest, checksum, payload FROM journal WHERE ${behind}`
export const recordsBehind = `SELECT ${record} WHERE ${behind}`
export const positionBehind = (source: JournalSource) =>
  `SELECT ${position} FROM ${source} WHERE ${behind} LIMIT 1`

export function journalStatements(database: DatabaseSync) {
  const { one, all, run } = prepared(database)
  const range = 'key > ? AND key <= coalesce(?, 9223372036854775807)'
  const setAside = 'INSERT INTO damaged (room, part, position, checksum, payload)'
  const isHere = `key = ${startOfRoom} + ?2`
  return {
    put: run(`
      REPLACE INTO journal (key, count, earliest, latest, checksum, payload)
      VALUES (${startOfRoom} + ?2, ?3, ?4, ?5, ?6, ?7)`),
    recordsUpTo: all<EntryRecord & { readonly bytes: Uint8Array }>(`
      SELECT ${record} WHERE key > ${startOfRoom} AND key <= ${startOfRoom} + ?2 AND journal IS NOT NULL ORDER BY key`),

    entryAfter: one<{ key: number }>('SELECT key FROM entries WHERE key > ? ORDER BY key LIMIT 1 OFFSET ?'),
    /** The time is what a record begins with; in the order of their bytes, times are in order. */
    forgetOld: run(`
      UPDATE entries SET journal = NULL, journal_checksum = NULL
      WHERE ${range} AND journal IS NOT NULL AND substr(journal, 1, 8) < ?`),
    countOld: one<{ dropped: number }>(
      `SELECT coalesce(sum(count), 0) AS dropped FROM journal WHERE ${range} AND latest < ?`,
    ),
    dropOld: run(`DELETE FROM journal WHERE ${range} AND latest < ?`),
    mixed: all<JournalRow & { readonly room: number; readonly name: Uint8Array }>(`
      SELECT rooms.id AS room, name, key & ${maxPosition} AS position, count, earliest, latest, checksum, payload
      FROM journal JOIN rooms ON rooms.id = key >> 36 WHERE ${range} AND earliest < ?`),

    setRowAside: run(`${setAside} SELECT ?1, 'journal', ?2, checksum, payload FROM journal WHERE ${isHere}`),
    dropRow: run(`DELETE FROM journal WHERE ${isHere}`),
    setRecordAside: run(`
      ${setAside} SELECT ?1, 'journal', ?2, coalesce(journal_checksum, 0), journal FROM entries WHERE ${isHere}`),
    dropRecord: run(`UPDATE entries SET journal = NULL, journal_checksum = NULL WHERE ${isHere}`),
    noteBroken: run(`
      ${setAside} SELECT ?1, 'journal', ?2, 0, NULL
      WHERE NOT EXISTS (SELECT 1 FROM damaged WHERE room = ?1 AND part = 'journal' AND position = ?2)`),
  }
}
