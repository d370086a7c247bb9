import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { runBatch } from './engine-property.ts'
import { type Batch, batchesOf } from './engine-property-program.ts'
import { EngineServers } from './engine-property-servers.ts'
import { temporaryFolder } from './world.ts'

/**
 * `npm run nightly` runs more of them, from a new seed. What failed is run again with the variables that its report names: the
 * seed, the batch in it, and one scenario of the batch alone.
 */
const { SEED = '4711', RUNS = '100', AT, ONLY } = process.env
/** Scenarios that share servers, and their deaths. */
const size = 50

test('[E1] [E2] [E3] [E7] [E8] events twice, late, in any order of sessions, over connections that break and servers that die', {
  timeout: 120_000 + Number(RUNS) * 3_000,
}, async () => {
  await using folder = await temporaryFolder()
  await using servers = await EngineServers.start(folder.path)
  const failed: string[] = []
  let batches = 0
  const property = fc.asyncProperty(batchesOf(size), async (batch) => {
    const faults = await runBatch(servers, String(batches++), onlyOf(batch))
    for (const [index, texts] of faults) failed.push(...describe(batch, index, texts))
    return faults.size === 0
  })
  const details = await fc.check(property, {
    seed: Number(SEED),
    numRuns: Math.ceil(Number(RUNS) / size),
    // What fails depends on time as well: a smaller program that passes says nothing.
    endOnFailure: true,
    ...(AT !== undefined && { path: AT }),
  })
  const { errorInstance: error, counterexamplePath: path } = details
  if (details.failed)
    failed.push(`Again: SEED=${SEED} AT=${path} npx vitest run --project e2e engine-property`)
  // Anything but a batch that was found faulty.
  if (error && failed.length === 1) throw error
  expect(failed.join('\n')).toBe('')
})

/** With `ONLY`, the batch has one scenario, and the same deaths. */
function onlyOf({ programs, kills }: Batch): Batch {
  return ONLY === undefined ? { programs, kills } : { programs: [programs[Number(ONLY)]!], kills }
}

function describe({ programs }: Batch, index: number, texts: readonly string[]): string[] {
  const number = ONLY ?? String(index)
  return [
    `scenario ${number} (ONLY=${number} runs it alone): ${JSON.stringify(programs[Number(number)])}`,
    ...texts.map((fault) => `  ${fault}`),
  ]
}
