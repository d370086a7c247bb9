import type { Live } from './live.ts'

export interface InterpolationOptions {
  /**
   * How far behind the server it is, in milliseconds. What comes later than this makes it stand still: take the time between
   * two values, and what the network may add.
   */
  readonly delayMs: number
  /** Names of the fields that move, at any depth. Others change when their time has come. @default every number */
  readonly fields?: readonly string[]
}

/** A live value between its values. */
export interface Interpolated<T> {
  /** What to draw now: for every frame of an animation. `undefined` before the first value has come. */
  get(): T | undefined
  /** Ends the subscription. */
  stop(): void
}

interface Sample<T> {
  readonly at: number
  readonly value: T
}

/** What the delay to the server may seem to grow at each value: a network that has become slower is followed, one hiccup not. */
const maxGrowthMs = 1

/**
 * Moves numbers from one value to the next, by the time at which the server made them: what the network does to the time at
 * which they come does not show, as long as it is less than the delay.
 *
 * ```ts
 * const agents = interpolated(room.live.agents, { delayMs: 100, fields: ['x', 'y'] })
 * requestAnimationFrame(function draw() {
 *   render(agents.get())
 *   requestAnimationFrame(draw)
 * })
 * ```
 */
export function interpolated<T>(
  live: Live<T>,
  { delayMs, fields }: InterpolationOptions,
  now: () => number = () => performance.now(),
): Interpolated<T> {
  let samples: Sample<T>[] = []
  /** What the clocks of server and client differ by, the fastest way through the network included. */
  let offset: number | null = null
  let madeLast = 0

  /** Lets go of what is behind the time to draw, also while nothing is drawn: a page in the background. */
  const passed = (time: number) => {
    while (samples.length > 1 && samples[1]!.at <= time) samples.shift()
  }

  const stop = live.subscribe((value) => {
    passed(now() - delayMs)
    const { madeAt } = live
    const seen = now() - madeAt
    // The server began anew, and so did its time.
    if (madeAt < madeLast) {
      offset = null
      samples = samples.slice(-1).map((last) => ({ ...last, at: now() - delayMs }))
    }
    madeLast = madeAt
    offset = offset === null || seen < offset ? seen : offset + Math.min(seen - offset, maxGrowthMs)
    samples.push({ at: madeAt + offset, value })
  })

  return {
    get() {
      const time = now() - delayMs
      passed(time)
      const [before, after] = samples
      if (!before || !after) return before?.value
      // A value that stood still for long began to move no earlier than this.
      const from = Math.max(before.at, after.at - delayMs)
      const share = (time - from) / (after.at - from)
      return share <= 0 ? before.value : (between(before.value, after.value, share, fields, !fields) as T)
    },
    stop,
  }
}

/** What only one of the two has comes and goes with the later one. */
function between(
  before: unknown,
  after: unknown,
  share: number,
  fields: readonly string[] | undefined,
  moves: boolean,
): unknown {
  if (before === after) return before
  if (typeof before === 'number' && typeof after === 'number')
    return moves ? before + (after - before) * share : before
  if (!isOpen(before) || !isOpen(after)) return before
  if (Array.isArray(before) || Array.isArray(after)) {
    if (!Array.isArray(before) || !Array.isArray(after) || before.length !== after.length) return before
    return before.map((item, index) => between(item, after[index], share, fields, moves))
  }
  const now: Record<string, unknown> = {}
  for (const key in before) {
    const item = before[key]
    now[key] = Object.hasOwn(after, key)
      ? between(item, after[key], share, fields, moves || (fields?.includes(key) ?? false))
      : item
  }
  return now
}

function isOpen(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}
