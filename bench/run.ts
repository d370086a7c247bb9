import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

/** Runs every `*.bench.ts` beside this file, one after the other, each in a process of its own. */
const wanted = process.argv[2] ?? ''
const files = readdirSync(import.meta.dirname).filter(
  (file) => file.endsWith('.bench.ts') && file.includes(wanted),
)

for (const file of files) {
  console.log(`\n# ${file}`)
  const { status } = spawnSync(process.execPath, [file], { cwd: import.meta.dirname, stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
if (files.length === 0) console.log(`No benchmark matches "${wanted}".`)
