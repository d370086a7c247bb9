/** Element id → user id → dots. */
export type Dots = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Dots that a user has placed. */
export function countDots(dots: Dots, userId: string): number {
  return Object.values(dots).reduce((sum, placed) => sum + (placed[userId] ?? 0), 0)
}

/** Elements with dots, those with most of them first. */
export function rank(dots: Dots): { id: string; count: number }[] {
  return Object.entries(dots)
    .map(([id, placed]) => ({ id, count: Object.values(placed).reduce((sum, count) => sum + count, 0) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
}
