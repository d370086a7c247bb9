import { type Replayed, replayConcurrent, replaySequential } from './replay.ts'
import { concurrentTrace, sequentialTrace } from './replay-trace.ts'

/**
 * Replays the recorded traces in full: `npm run replay -w @interplay/e2e`. `EDITS` takes the first so many edits of the
 * sequential one; `TRACE` is `sequential` or `concurrent`, for one of the two.
 */
const { EDITS, TRACE, PROFILE } = process.env
const execArgv = PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${PROFILE}`] : []

if (TRACE !== 'concurrent') {
  const trace = sequentialTrace(EDITS ? Number(EDITS) : undefined)
  report(trace, await replaySequential(trace, execArgv))
}
if (TRACE !== 'sequential') {
  const trace = concurrentTrace()
  report(trace, await replayConcurrent(trace, execArgv))
}

function report({ name, endContent }: { name: string; endContent: string }, replayed: Replayed): void {
  const { edits, replayMs, serverCpuMs, reopenMs, texts } = replayed
  const perEdit = (ms: number) => `${((ms / edits) * 1000).toFixed(0)} µs`
  console.log(`\n${name}: ${edits} edits, ${endContent.length} characters`)
  console.log(
    `  replayed in ${(replayMs / 1000).toFixed(1)} s (${perEdit(replayMs)} per edit; server CPU ${perEdit(serverCpuMs)})`,
  )
  console.log(`  started again and read in ${reopenMs.toFixed(0)} ms`)
  for (const [place, text] of Object.entries(texts)) {
    console.log(`  ${text === endContent ? 'equal' : 'DIFFERENT'}: ${place}`)
    if (text !== endContent) process.exitCode = 1
  }
}
