import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ServerUnderTest } from './subject.ts'
import { median, percentile, printTable } from './table.ts'
import { WireClient } from './wire-client.ts'

/**
 * Events per second in one room over SQLite, one client: one event in flight against 200. What one event waits for, an
 * fsync above all, 200 wait for together. The two take turns, so that both meet the same machine.
 */
const turnMs = Number(process.env.TURN_MS ?? 2_000)
const turns = Number(process.env.TURNS ?? 3)

interface Turn {
  readonly perSecond: number
  readonly serverCpuUs: number
  /** Share of the time in which the server's main thread waited for a core: what others took from it. */
  readonly coreWait: number
  readonly p50Ms: number
}

const inputs = { 'note.add': { text: 'something to remember' }, 'score.add': { by: 1 } }

for (const event of ['note.add', 'score.add'] as const) {
  await using server = await ServerUnderTest.start('interplay')
  using client = await WireClient.join(server.ws, `bench/${event}`, true)
  await measure(server, client, event, 200, turnMs)
  const alone: Turn[] = []
  const together: Turn[] = []
  for (let turn = 0; turn < turns; turn++) {
    alone.push(await measure(server, client, event, 1, turnMs))
    together.push(await measure(server, client, event, 200, turnMs))
  }
  const row = (title: string, all: Turn[]) => [
    title,
    median(all.map(({ perSecond }) => perSecond)),
    median(all.map(({ p50Ms }) => p50Ms)),
    median(all.map(({ serverCpuUs }) => serverCpuUs)),
    `${(median(all.map(({ coreWait }) => coreWait)) * 100).toFixed(0)} %`,
  ]
  const title = `${event}, one room, SQLite (fsync of 4 KiB here: ${fsyncMs(server.folder).toFixed(2)} ms)`
  printTable(
    title,
    ['in flight', 'events/s', 'p50 ms', 'server µs CPU', 'waits for a core'],
    [row('1', alone), row('200', together)],
  )
  const ratio =
    median(together.map(({ perSecond }) => perSecond)) / median(alone.map(({ perSecond }) => perSecond))
  console.log(`  200 in flight: ${ratio.toFixed(1)} times as many`)
}

async function measure(
  server: ServerUnderTest,
  client: WireClient,
  event: keyof typeof inputs,
  inFlight: number,
  forMs: number,
): Promise<Turn> {
  const waits: number[] = []
  const cpuBefore = await server.cpuMs()
  const coreWaitBefore = await server.coreWaitMs()
  const startedAt = performance.now()
  const work = async () => {
    while (performance.now() - startedAt < forMs) {
      const began = performance.now()
      await client.dispatch(event, inputs[event])
      waits.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
  const seconds = (performance.now() - startedAt) / 1000
  const cpuMs = (await server.cpuMs()) - cpuBefore
  return {
    perSecond: waits.length / seconds,
    coreWait: ((await server.coreWaitMs()) - coreWaitBefore) / seconds / 1000,
    serverCpuUs: (cpuMs / waits.length) * 1000,
    p50Ms: percentile(waits, 0.5),
  }
}

/** What the disk takes for the smallest durable write. */
function fsyncMs(folder: string): number {
  const file = openSync(join(folder, 'probe'), 'w')
  const samples: number[] = []
  for (let index = 0; index < 100; index++) {
    writeSync(file, new Uint8Array(4096))
    const began = performance.now()
    fsyncSync(file)
    samples.push(performance.now() - began)
  }
  closeSync(file)
  return median(samples)
}
