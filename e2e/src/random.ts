/** A seeded generator (mulberry32): the same seed makes the same test. */
export function random(seed: number) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (below: number) => Math.floor(next() * below)
  return {
    next,
    integer,
    pick: <T>(items: readonly T[]): T => items[integer(items.length)]!,
    bytes: (length: number) => Uint8Array.from({ length }, () => integer(256)),
  }
}
