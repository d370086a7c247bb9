import { expect, test } from 'vitest'
import { reactionsCrash } from './reactions-crash.ts'

/** Seeds are counted from here. `SEED=… RUNS=1` runs one again; `npm run nightly` runs more of them. */
const { SEED = '1', RUNS = '200' } = process.env

test('[E8] servers die at any moment, snapshots in between: each reaction is told of each change once', {
  timeout: 300_000,
}, async () => {
  const sums = { deaths: 0, told: 0, snapshots: 0, notes: 0 }
  const failed: string[] = []
  for (let seed = Number(SEED); seed < Number(SEED) + Number(RUNS); seed++) {
    const { faults, ...counts } = await reactionsCrash(seed)
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counts[name]
    failed.push(...faults.map((fault) => `SEED=${seed} RUNS=1: ${fault}`))
  }
  expect(failed).toEqual([])
  // They all would be told of nothing if nothing happened.
  for (const sum of Object.values(sums)) expect(sum).toBeGreaterThan(0)
})
