import { expect, test } from 'vitest'
import { chaos } from './chaos.ts'

/** `npm run chaos -w @interplay/e2e` runs a hundred rounds with a new seed; a seed that fails becomes one of these. */
test.each([{ seed: 1, rounds: 15 }])(
  '[S2] [E1] kill -9 at any moment: nothing acknowledged is lost, no event runs twice %o',
  {
    timeout: 300_000,
  },
  async (options) => {
    const report = await chaos(options)
    expect(report.failures).toEqual([])
    expect(report.acknowledgements).toBeGreaterThan(options.rounds)
    expect(report.answersCutOff).toBeGreaterThan(0)
  },
)
