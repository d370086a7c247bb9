import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** Prepares statements once, as functions of their parameters. */
export function prepared(database: DatabaseSync) {
  return {
    one: <Row>(sql: string) => {
      const statement = database.prepare(sql)
      return (...values: SQLInputValue[]) => statement.get(...values) as Row | undefined
    },
    all: <Row>(sql: string) => {
      const statement = database.prepare(sql)
      return (...values: SQLInputValue[]) => statement.all(...values) as Row[]
    },
    run: (sql: string) => {
      const statement = database.prepare(sql)
      return (...values: SQLInputValue[]) => statement.run(...values)
    },
  }
}

const sqliteCorrupt = 11

/** Whether it was the bytes of the database that were wrong, and will be the next time. */
export function isBrokenPage(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number }
  return (errcode & 0xff) === sqliteCorrupt
}

/** Rows that could be read. A `fault` hides those of a gap, or those at the end. */
export interface Readable<Row> {
  readonly rows: Row[]
  readonly fault?: string
}

/**
 * Reads rows where a page is broken: what lies before it forwards, what lies behind it backwards. The statements are to
 * be made for the purpose, because one that failed in the middle fails once more when it is used again.
 */
export function readAroundFault<Row>(
  forwards: () => Iterable<unknown>,
  backwards: (last: Row | undefined) => Iterable<unknown>,
): Readable<Row> {
  const before = readWhilePossible<Row>(forwards)
  if (before.fault === undefined) return before
  const behind = readWhilePossible<Row>(() => backwards(before.rows.at(-1)))
  return { rows: [...before.rows, ...behind.rows.toReversed()], fault: before.fault }
}

function readWhilePossible<Row>(open: () => Iterable<unknown>): Readable<Row> {
  const rows: Row[] = []
  try {
    for (const row of open()) rows.push(row as Row)
    return { rows }
  } catch (error) {
    return { rows, fault: (error as Error).message }
  }
}
