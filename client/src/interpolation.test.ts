import { expect, test } from 'vitest'
import { interpolated } from './interpolation.ts'
import type { Live } from './live.ts'

/** A value that comes when a test says so. */
class FakeLive<T> implements Live<T> {
  madeAt = 0
  #value: T | undefined
  #listener: ((value: T) => void) | null = null

  get(): T | undefined {
    return this.#value
  }

  subscribe(listener: (value: T) => void): () => void {
    this.#listener = listener
    return () => {
      this.#listener = null
    }
  }

  come(madeAt: number, value: T): void {
    this.madeAt = madeAt
    this.#value = value
    this.#listener?.(value)
  }
}

function start<T>(delayMs: number, fields?: string[]) {
  const live = new FakeLive<T>()
  let time = 1_000
  const drawn = interpolated(live, { delayMs, ...(fields && { fields }) }, () => time)
  const at = (now: number) => {
    time = now
    return drawn.get()
  }
  /** A value comes, so long after the server made it: its clock began at 1,000. */
  const come = (madeAt: number, value: T, travelMs = 10) => {
    time = 1_000 + madeAt + travelMs
    live.come(madeAt, value)
  }
  return { live, drawn, at, come }
}

test('numbers move from one value to the next, so far behind', () => {
  const { at, come } = start<{ x: number }>(100)
  expect(at(1_000)).toBeUndefined()
  come(0, { x: 0 })
  come(50, { x: 10 })
  come(100, { x: 30 })
  expect(at(1_110)).toEqual({ x: 0 })
  expect(at(1_135)).toEqual({ x: 5 })
  expect(at(1_160)).toEqual({ x: 10 })
  expect(at(1_185)).toEqual({ x: 20 })
  expect(at(1_210)).toEqual({ x: 30 })
  expect(at(9_999)).toEqual({ x: 30 })
})

test('what the network does to the time at which values come does not show', () => {
  const { at, come } = start<number>(100)
  come(0, 0)
  come(50, 50, 90)
  come(100, 100, 45)
  expect(at(1_160)).toBeCloseTo(50, -1)
  expect(at(1_185)).toBeCloseTo(75, -1)
})

test('a value that stood still begins to move no earlier than the delay allows', () => {
  const { at, come } = start<number>(100)
  come(0, 0)
  come(60_000, 10)
  expect(at(61_010)).toBe(0)
  expect(at(61_060)).toBe(5)
  expect(at(61_110)).toBe(10)
})

test('only fields that move are in between, the others change at their time', () => {
  type Agent = { x: number; at: [number, number]; hp: number; name: string; since: Uint8Array }
  const { at, come } = start<Record<string, Agent>>(100, ['x', 'at'])
  const agent = (x: number, hp: number, name: string): Agent => ({
    x,
    at: [x, -x],
    hp,
    name,
    since: Uint8Array.of(hp),
  })
  come(0, { a: agent(0, 1, 'one'), gone: agent(5, 5, 'gone') })
  come(50, { a: agent(10, 2, 'two'), new: agent(7, 7, 'new') })
  expect(at(1_135)).toEqual({
    a: { x: 5, at: [5, -5], hp: 1, name: 'one', since: Uint8Array.of(1) },
    gone: agent(5, 5, 'gone'),
  })
  expect(at(1_160)).toEqual({ a: agent(10, 2, 'two'), new: agent(7, 7, 'new') })
})

test('what did not change is the same object, and values of another shape follow each other', () => {
  const { at, come } = start<unknown>(100)
  const still = { x: 1 }
  come(0, { still, list: [1, 2], kind: 1 })
  come(50, { still, list: [1, 2, 3], kind: 'one' })
  const between = at(1_135) as { still: unknown; list: unknown; kind: unknown }
  expect(between).toEqual({ still, list: [1, 2], kind: 1 })
  expect(between.still).toBe(still)
})

test('a server that begins anew is followed', () => {
  const { at, come, live } = start<number>(100)
  come(5_000, 10)
  come(5_050, 20)
  at(6_300)
  live.come(0, 100)
  expect(at(6_300)).toBe(20)
  expect(at(6_350)).toBe(60)
  expect(at(6_400)).toBe(100)
})

test('after its stop it changes no more', () => {
  const { at, come, drawn } = start<number>(100)
  come(0, 1)
  drawn.stop()
  come(50, 2)
  expect(at(2_000)).toBe(1)
})
