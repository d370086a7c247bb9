/** Numbers from 0 to 1, 1 excluded. */
export type Random = () => number

/**
 * The chance of one step (mulberry32). The same seed and step give the same numbers, whatever the steps before have drawn:
 * nothing has to be kept of it but the two.
 */
export function stepRandom(seed: number, step: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(step + 1, 0x85ebca6b)) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
