import type { StateOf } from '@interplay/shared'
import type { board } from '../board.ts'
import { labelOf } from './element-label.ts'

export interface Tally {
  /** What has dots and is still on the board, that with most of them first. */
  readonly ranks: readonly { readonly id: string; readonly label: string; readonly count: number }[]
  readonly dots: number
  /** People who have placed some. */
  readonly people: number
  /** Dots of this user. */
  readonly mine: number
}

export function tally(state: StateOf<typeof board>, userId: string | undefined): Tally {
  const element = (id: string) => state.elements.get(id)
  const onBoard = [...state.dots].filter(([id]) => element(id))
  const ranks = onBoard
    .map(([id, placed]) => ({ id, label: labelOf(id, element), count: countDots(placed) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
  return {
    ranks,
    dots: ranks.reduce((sum, { count }) => sum + count, 0),
    people: new Set(onBoard.flatMap(([, placed]) => Object.keys(placed))).size,
    mine: userId ? onBoard.reduce((sum, [, placed]) => sum + (placed[userId] ?? 0), 0) : 0,
  }
}

/** Dots on one element, given by user id. */
export function countDots(placed: Readonly<Record<string, number>>): number {
  return Object.values(placed).reduce((sum, count) => sum + count, 0)
}
