import { defineRoom, InterplayError, live, liveMap } from '@interplay/shared'
import { Replica } from '@interplay/shared/live'
import { readFrame } from '@interplay/shared/protocol'
import { expect } from 'vitest'
import { z } from 'zod'
import type { LiveHandle, LiveMapHandle } from './handle.ts'
import { LiveValues } from './live-values.ts'
import { ManualClock } from './manual-clock.contract.ts'
import type { Viewer } from './viewer.ts'

export const Point = z.object({ x: z.number(), y: z.number(), label: z.string().optional() })
export const View = z.object({ left: z.number(), right: z.number() })
export const vote = z.object({ open: z.boolean(), leftMs: z.number() })

/** The room of the tests. */
export const game = defineRoom('game', {
  live: {
    vote,
    count: live(z.number(), { initial: 0 }),
    capped: live(z.number(), { initial: 0, maxPerSecond: 10 }),
    heat: live(z.object({ cells: z.instanceof(Uint8Array) }), { initial: { cells: new Uint8Array(8) } }),
    any: live(z.any()),
    agents: liveMap(Point, {
      interest: { schema: View, match: ({ x }, { left, right }) => x >= left && x < right },
    }),
  },
})

/** A client, as the server sees it, and what it has understood. */
export class Watcher implements Viewer {
  readonly key: string
  isBehind = false
  /** What came, by value: the kind of each message, and what it made of the value. */
  readonly frames: Uint8Array[] = []
  readonly heard: string[] = []
  readonly errors: InterplayError[] = []
  readonly #replicas = new Map<string, Replica>()

  constructor(key = 'game') {
    this.key = key
  }

  sendRuntime(bytes: Uint8Array): void {
    if (this.isBehind) throw new Error('It is behind.')
    this.frames.push(bytes)
    const frame = readFrame(bytes)
    if (frame.kind !== 'live') throw new Error(`a ${frame.kind} frame`)
    expect(frame.room).toBe(this.key)
    const replica = this.#replicas.get(frame.name) ?? new Replica()
    this.#replicas.set(frame.name, replica)
    const taken = replica.take(frame.message)
    if (taken instanceof InterplayError) {
      this.errors.push(taken)
      return
    }
    expect(taken).toBe('taken')
    const kinds = ['full', 'delta', 'full', 'delta']
    this.heard.push(`${frame.name} ${kinds[frame.message[0]!]}`)
  }

  value(name: string): unknown {
    return this.#replicas.get(name)?.value
  }
}

/** Live values of a room, time that passes when a test says so, and what is counted. */
export function start(definition: Parameters<LiveValues['define']>[0] = game) {
  const clock = new ManualClock()
  const counts = { encoded: 0, bytes: 0, sent: 0, skipped: 0 }
  const warnings: unknown[] = []
  const watched: boolean[] = []
  const note = (entry: unknown) => void warnings.push(entry)
  const values = new LiveValues({
    room: 'game',
    logger: { debug() {}, info() {}, warn: note, error: note },
    clock,
    meter: {
      encoded(bytes) {
        counts.encoded += 1
        counts.bytes += bytes
      },
      sent(frames) {
        counts.sent += frames
      },
      skipped(sessions) {
        counts.skipped += sessions
      },
    },
    watched: (is) => watched.push(is),
  })
  values.define(definition)
  /** Runs code as a handler whose entry is durable at once. */
  const run = (code: (live: Handles) => void) => {
    const draft = values.begin(() => true)
    code(draft.handles as never)
    if (draft.writes) values.land(values.commit(draft.writes))
    values.flush()
    clock.endTurn()
  }
  const watch = (name: string, interest?: unknown, viewer = new Watcher()) => {
    values.subscribe(viewer, name, true, interest)
    return viewer
  }
  return { values, clock, counts, warnings, watched, run, watch }
}

/** The live values of the room of the tests, for its code. */
export type Handles = {
  vote: LiveHandle<z.infer<typeof vote>, z.infer<typeof vote>, undefined>
  count: LiveHandle<number, number>
  capped: LiveHandle<number, number>
  heat: LiveHandle<{ cells: Uint8Array }, { cells: Uint8Array }>
  any: LiveHandle<unknown, unknown>
  agents: LiveMapHandle<z.infer<typeof Point>, z.infer<typeof Point>>
}
