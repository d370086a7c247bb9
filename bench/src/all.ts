import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** `npm run bench`: every benchmark, one after the other, each in a process of its own. `npm run bench -- events` runs one. */
const all = ['latency', 'events', 'beside', 'fan-out', 'live', 'edit-cost', 'log', 'timers']
const wanted = process.argv.slice(2)

for (const name of wanted.length > 0 ? wanted : all) {
  console.log(`\n# ${name}`)
  const file = join(import.meta.dirname, `${name}.ts`)
  const { status } = spawnSync(process.execPath, [...process.execArgv, file], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
