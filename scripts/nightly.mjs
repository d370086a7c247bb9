import './require-node.mjs'
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

/**
 * The long tests: what `npm test` does a hundred times, thousands of times and from a seed of tonight. Each says how to run
 * again what failed.
 */
const { values } = parseArgs({
  options: {
    /** Of engine and reactions. */
    runs: { type: 'string', default: '2000' },
    /** Of chaos: servers killed. */
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    /** Some of engine, reactions, chaos. */
    only: { type: 'string', default: 'engine,reactions,chaos' },
  },
})
const { runs, rounds, seed, only } = values
const vitest = (file) => ['vitest', ['run', '--project', 'e2e', file], { SEED: seed, RUNS: runs }]
const all = {
  engine: vitest('src/engine-property.test.ts'),
  reactions: vitest('src/reactions-crash.test.ts'),
  chaos: ['npm', ['run', '--silent', 'chaos', '-w', '@interplay/e2e'], { SEED: seed, ROUNDS: rounds }],
}
const chosen = only.split(',')
for (const name of chosen)
  if (!Object.hasOwn(all, name)) throw new Error(`--only: there is no '${name}', but ${Object.keys(all)}`)

const failed = chosen.filter((name) => {
  const [command, args, env] = all[name]
  console.log(`\n${name}: ${JSON.stringify(env)}`)
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status !== 0
})
console.log(failed.length === 0 ? '\nnothing failed' : `\nfailed: ${failed} (--seed ${seed})`)
process.exit(failed.length === 0 ? 0 : 1)
