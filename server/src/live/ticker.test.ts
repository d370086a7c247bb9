import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.contract.ts'
import { stepRandom } from './step-random.ts'
import { Ticker } from './ticker.ts'

/** A ticker that notes its steps, with a queue that can be held. */
function start({ stepMs = 50, maxCatchUp = 3, takesMs = 0 } = {}) {
  const clock = new ManualClock()
  const done: string[] = []
  const waiting: (() => void)[] = []
  let held = false
  let lost = 0
  let count = 0
  const run = (work: () => void | Promise<void>) => void work()
  const ticker = new Ticker({
    clock,
    stepMs,
    maxCatchUp,
    queue: (step) => (held ? waiting.push(() => run(step)) : run(step)),
    step: (isLast) => {
      clock.lose(takesMs)
      count += 1
      done.push(`${count}@${clock.now()}${isLast ? '' : '+'}`)
    },
    overrun: (steps) => {
      lost += steps
    },
  })
  return {
    clock,
    ticker,
    done,
    lost: () => lost,
    hold: () => {
      held = true
    },
    release: () => {
      held = false
      for (const work of waiting.splice(0)) work()
    },
    waiting,
  }
}

test('steps come at their times, and no delay adds up', () => {
  const { clock, ticker, done } = start({ takesMs: 7 })
  ticker.wake()
  clock.pass(49)
  expect(done).toEqual([])
  clock.pass(160)
  expect(done).toEqual(['1@57', '2@107', '3@157', '4@207'])
})

test('[V2] lost time is made up for by so many steps at most, and the rest is counted', () => {
  const { clock, ticker, done, lost } = start()
  ticker.wake()
  clock.pass(60)
  clock.lose(140)
  clock.pass(0)
  expect(done).toEqual(['1@50', '2@200+', '3@200+', '4@200'])
  expect(lost()).toBe(0)
  clock.lose(1_000)
  clock.pass(0)
  expect(done.slice(4)).toEqual(['5@1200+', '6@1200+', '7@1200'])
  expect(lost()).toBe(17)
  clock.pass(50)
  expect(done.at(-1)).toBe('8@1250')
})

test('steps that take longer than they stand for leave others out, and other work its turn', () => {
  const { clock, ticker, done, lost } = start({ takesMs: 80, maxCatchUp: 2 })
  ticker.wake()
  clock.pass(2_000)
  expect(done.length).toBeGreaterThan(15)
  expect(lost()).toBeGreaterThan(10)
})

test('between two steps other work has its turn, those that catch up as well', () => {
  const { clock, ticker, done, hold, release, waiting } = start()
  ticker.wake()
  clock.lose(150)
  hold()
  clock.pass(0)
  expect(waiting).toHaveLength(1)
  release()
  expect(done).toEqual(['1@150+', '2@150+', '3@150'])
})

test('[V2] asleep it does nothing, and what it slept is not made up for', () => {
  const { clock, ticker, done } = start()
  ticker.wake()
  clock.pass(100)
  ticker.sleep()
  expect(ticker.isAwake).toBe(false)
  clock.pass(10_000)
  expect(done).toHaveLength(2)
  ticker.wake()
  ticker.wake()
  clock.pass(120)
  expect(done.slice(2)).toEqual(['3@10150', '4@10200'])
})

test('a step that waits for its turn does not come once it sleeps, and not twice when it wakes', () => {
  const { clock, ticker, done, hold, release } = start()
  ticker.wake()
  hold()
  clock.pass(50)
  ticker.sleep()
  release()
  expect(done).toEqual([])
  ticker.wake()
  hold()
  clock.pass(50)
  ticker.sleep()
  ticker.wake()
  release()
  expect(done).toEqual([])
  clock.pass(50)
  expect(done).toEqual(['1@150'])
})

test('the chance of a step follows from the seed and its number alone', () => {
  const draw = (seed: number, step: number) => {
    const random = stepRandom(seed, step)
    return Array.from({ length: 5 }, random)
  }
  expect(draw(1, 2)).toEqual(draw(1, 2))
  expect(new Set([...draw(1, 1), ...draw(1, 2), ...draw(2, 1), ...draw(2, 2)]).size).toBe(20)
  const many = Array.from({ length: 2_000 }, (_, step) => stepRandom(7, step)())
  expect(many.every((number) => number >= 0 && number < 1)).toBe(true)
  expect(many.reduce((sum, number) => sum + number) / many.length).toBeCloseTo(0.5, 1)
})
