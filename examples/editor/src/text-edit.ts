/** Where a caret stands after `before` became `after`: it moves with the text around it. */
export function follow(caret: number, before: string, after: string): number {
  const start = commonStart(before, after)
  if (caret <= start) return caret
  return Math.max(start, caret + after.length - before.length)
}

/** `theirs` with the one edit that made `mine` of `base`. */
export function rebase(base: string, mine: string, theirs: string): string {
  const start = commonStart(base, mine)
  let end = 0
  const shorter = Math.min(base.length, mine.length) - start
  while (end < shorter && base.at(-1 - end) === mine.at(-1 - end)) end++
  const from = follow(start, base, theirs)
  const until = Math.max(from, follow(base.length - end, base, theirs))
  return theirs.slice(0, from) + mine.slice(start, mine.length - end) + theirs.slice(until)
}

function commonStart(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  let start = 0
  while (start < shorter && a[start] === b[start]) start++
  return start
}
