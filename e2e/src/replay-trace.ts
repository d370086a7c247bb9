import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { random } from './random.ts'

/** `[position, deleted, inserted]`: position and deleted count Unicode code points. */
export type Patch = readonly [position: number, deleted: number, inserted: string]

/** One author, one edit after the other. */
export interface SequentialTrace {
  readonly name: string
  readonly edits: readonly Patch[]
  readonly endContent: string
}

/** One edit of one of two authors. */
export interface ConcurrentEdit {
  readonly patches: readonly Patch[]
  /** How many edits of the other author this one was made on top of. */
  readonly seen: number
}

/** Two authors, each with the edits in the order it made them. */
export interface ConcurrentTrace {
  readonly name: string
  readonly authors: readonly [readonly ConcurrentEdit[], readonly ConcurrentEdit[]]
  readonly endContent: string
}

/** Recorded traces lie beside the checkout; where they do not, generated ones take their place. */
const folder = join(import.meta.dirname, '../../../shared/traces')

export function sequentialTrace(limit = Number.POSITIVE_INFINITY): SequentialTrace {
  const recorded = read<{ endContent: string; txns: { patches: Patch[] }[] }>('automerge-paper')
  if (!recorded) return generateSequential(4711, Math.min(limit, 20_000))
  const all = recorded.txns.flatMap(({ patches }) => patches)
  if (limit >= all.length) return { name: 'automerge-paper', edits: all, endContent: recorded.endContent }
  const edits = all.slice(0, limit)
  return { name: `automerge-paper, first ${limit}`, edits, endContent: applied('', edits) }
}

export function concurrentTrace(): ConcurrentTrace {
  const recorded = read<{ endContent: string; txns: RecordedEdit[] }>('friendsforever')
  if (!recorded) return generateConcurrent(4711, 2_000)
  return { name: 'friendsforever', authors: byAuthor(recorded.txns), endContent: recorded.endContent }
}

interface RecordedEdit {
  readonly parents: readonly number[]
  readonly agent: number
  readonly patches: readonly Patch[]
}

/** The parents of an edit, followed to the start, are a prefix of each author's edits: each author worked on one copy. */
function byAuthor(edits: readonly RecordedEdit[]): ConcurrentTrace['authors'] {
  const authors: [ConcurrentEdit[], ConcurrentEdit[]] = [[], []]
  const known: [number, number][] = []
  for (const { parents, agent, patches } of edits) {
    if (agent !== 0 && agent !== 1) throw new Error(`a third author: ${agent}`)
    const before: [number, number] = [0, 0]
    for (const parent of parents) {
      for (const author of [0, 1] as const) before[author] = Math.max(before[author], known[parent]![author])
    }
    const own = authors[agent]
    if (before[agent] !== own.length) throw new Error('an author who forgot an edit of its own')
    own.push({ patches, seen: before[1 - agent]! })
    before[agent] += 1
    known.push(before)
  }
  return authors
}

/** The text after some edits, by plain string operations. */
export function applied(text: string, edits: readonly Patch[]): string {
  const points = [...text]
  for (const [position, deleted, inserted] of edits) points.splice(position, deleted, ...inserted)
  return points.join('')
}

const letters = [...'abcdefghijklmnopqrstuvwxyz     .,\n', 'é', '世', '👋', '🏔']

export function generateSequential(seed: number, count: number): SequentialTrace {
  const edits: Patch[] = []
  const typist = startTypist(seed)
  for (let index = 0; index < count; index++) edits.push(typist.next())
  return { name: `generated, seed ${seed}`, edits, endContent: typist.text() }
}

/** The authors write on the two sides of a line break, so that no two inserts meet at one place. */
export function generateConcurrent(seed: number, count: number): ConcurrentTrace {
  const { integer } = random(seed)
  const left = startTypist(seed + 1)
  const right = startTypist(seed + 2)
  const authors: [ConcurrentEdit[], ConcurrentEdit[]] = [[{ patches: [[0, 0, '\n']], seen: 0 }], []]
  const leftLengths = [0, 0]
  const seen: [number, number] = [0, 1]
  while (authors[0].length + authors[1].length < count) {
    const author = integer(2) as 0 | 1
    const other = authors[1 - author]!
    if (integer(10) === 0) seen[author] += integer(other.length - seen[author] + 1)
    const [position, deleted, inserted] = (author === 0 ? left : right).next()
    const offset = author === 0 ? 0 : leftLengths[seen[1]]! + 1
    authors[author].push({ patches: [[position + offset, deleted, inserted]], seen: seen[author] })
    if (author === 0) leftLengths.push(left.length())
  }
  return { name: `generated, seed ${seed}`, authors, endContent: `${left.text()}\n${right.text()}` }
}

/** Types mostly where it typed before, and takes some of it back. */
function startTypist(seed: number) {
  const { integer, pick } = random(seed)
  const points: string[] = []
  let caret = 0
  return {
    next(): Patch {
      if (integer(20) === 0) caret = integer(points.length + 1)
      const isBackspace = caret > 0 && integer(5) === 0
      const patch: Patch = isBackspace ? [caret - 1, 1, ''] : [caret, 0, pick(letters)]
      points.splice(patch[0], patch[1], ...patch[2])
      caret = patch[0] + (isBackspace ? 0 : 1)
      return patch
    },
    length: () => points.length,
    text: () => points.join(''),
  }
}

function read<T>(name: string): T | null {
  const path = join(folder, `${name}.json.gz`)
  return existsSync(path) ? (JSON.parse(gunzipSync(readFileSync(path)).toString()) as T) : null
}
