import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** How long to wait for another owner of the folder that is about to end, in milliseconds. */
const busyMs = 500

export const pageBytes = 1024

/**
 * Small pages: the commit of a one-character edit writes one page to the WAL, and the edits of a hundred rooms a
 * hundred of them. The lock of an exclusive connection is the kernel's: it ends with its process, however that ends.
 * The WAL is moved into the database every 16 MiB, which merges the many writes of one busy page into one.
 */
const pragmas = `
  PRAGMA page_size = ${pageBytes};
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = ${(16 * 1024 * 1024) / pageBytes};
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -32768;
  PRAGMA temp_store = MEMORY;
  PRAGMA cell_size_check = ON;
`

/**
 * Each step leads from one `user_version` to the next; a step that was released is never changed.
 * The key of an entry is its room's id and its position in one integer, so that a room's tail lies together; the same
 * holds for the journal, where that key is of the last record of a row. In `damaged`, `remark` keeps an author or a note, `id` and `at` those of a task.
 */
const migrations = [
  `
  CREATE TABLE rooms (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE) STRICT;
  CREATE TABLE entries (key INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, payload BLOB) STRICT;
  CREATE TABLE snapshots (
    room INTEGER PRIMARY KEY, position INTEGER NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL
  ) STRICT;
  CREATE TABLE replies (
    room INTEGER NOT NULL, event_id BLOB NOT NULL, at REAL NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (room, event_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE damaged (
    room INTEGER NOT NULL, part TEXT NOT NULL, position INTEGER NOT NULL, checksum INTEGER NOT NULL, payload BLOB
  ) STRICT;
  CREATE INDEX damaged_by_room ON damaged (room);
  `,
  `
  ALTER TABLE entries ADD COLUMN author BLOB;
  ALTER TABLE entries ADD COLUMN journal_checksum INTEGER;
  ALTER TABLE entries ADD COLUMN journal BLOB;
  ALTER TABLE snapshots ADD COLUMN note BLOB;
  ALTER TABLE damaged ADD COLUMN remark BLOB;
  ALTER TABLE damaged ADD COLUMN id BLOB;
  ALTER TABLE damaged ADD COLUMN at REAL;
  CREATE TABLE tasks (
    room INTEGER NOT NULL, id BLOB NOT NULL, due REAL, checksum INTEGER NOT NULL, payload BLOB NOT NULL,
    PRIMARY KEY (room, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tasks_by_due ON tasks (due) WHERE due IS NOT NULL;
  CREATE TABLE reactions (
    room INTEGER NOT NULL, name BLOB NOT NULL, position INTEGER NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (room, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE journal (
    key INTEGER PRIMARY KEY, count INTEGER NOT NULL, earliest REAL NOT NULL, latest REAL NOT NULL,
    checksum INTEGER NOT NULL, payload BLOB NOT NULL
  ) STRICT;
  `,
  'CREATE INDEX tasks_without_time ON tasks (room) WHERE due IS NULL',
]

/** Opens the database of a data folder, as its only owner, in the newest schema. */
export function openDatabase(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(join(folder, 'log.sqlite'), { timeout: busyMs })
  try {
    database.exec(pragmas)
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw explain(error, folder)
  }
}

function migrate(database: DatabaseSync): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (version > migrations.length)
    throw new Error(
      `schema ${version} is newer than this version of Interplay, which knows ${migrations.length}`,
    )
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue
    database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`)
  }
}

const sqliteBusy = 5

function explain(error: unknown, folder: string): Error {
  const { message, errcode } = error as Error & { errcode?: number }
  if (errcode !== undefined && (errcode & 0xff) === sqliteBusy)
    return new Error(`the data folder ${folder} is in use by another process, or by another log of this one`)
  return new Error(`the log in ${folder} cannot be opened: ${message}`, { cause: error })
}
