import { chaos } from './chaos.ts'

/** `npm run chaos -w @interplay/e2e`: 100 rounds with a new seed. `SEED` and `ROUNDS` choose others. */
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000))
const rounds = Number(process.env.ROUNDS ?? 100)
console.log(`chaos: seed ${seed}, ${rounds} rounds`)
const { failures, ...report } = await chaos({ seed, rounds })
console.log(report)
for (const failure of failures) console.log(`FAILED ${failure}`)
console.log(
  failures.length === 0
    ? 'nothing lost, nothing twice, all replicas equal'
    : `${failures.length} failures; SEED=${seed}`,
)
process.exitCode = failures.length === 0 ? 0 : 1
