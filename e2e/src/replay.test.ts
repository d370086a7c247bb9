import { expect, test } from 'vitest'
import { type Replayed, replayConcurrent, replaySequential } from './replay.ts'
import {
  applied,
  concurrentTrace,
  generateConcurrent,
  generateSequential,
  sequentialTrace,
} from './replay-trace.ts'

function expectTexts({ texts }: Replayed, endContent: string): void {
  expect(Object.keys(texts)).toHaveLength(clientsAndServers(texts))
  for (const [place, text] of Object.entries(texts))
    expect(text === endContent, `${place} has another text`).toBe(true)
}

/** Two or three clients, the server in two forms, the server after its end, and a client of that one. */
const clientsAndServers = (texts: object) => ('writer' in texts ? 7 : 6)

test('[S1] one author, one edit after the other: every replica ends with the recorded text, also after kill -9', {
  timeout: 600_000,
}, async () => {
  const trace = sequentialTrace()
  expectTexts(await replaySequential(trace), trace.endContent)
})

test('[S1] two authors at once, merging when they did: every replica ends with the recorded text, also after kill -9', {
  timeout: 600_000,
}, async () => {
  const trace = concurrentTrace()
  expectTexts(await replayConcurrent(trace), trace.endContent)
})

test('[S1] the same with generated traces, whose letters take one or two UTF-16 units', {
  timeout: 120_000,
}, async () => {
  const alone = generateSequential(1, 300)
  expect(applied('', alone.edits)).toBe(alone.endContent)
  expectTexts(await replaySequential(alone), alone.endContent)
  const together = generateConcurrent(2, 300)
  expectTexts(await replayConcurrent(together), together.endContent)
})
