import { memoryLog } from '@interplay/server'
import { expect, test } from 'vitest'
import { operate } from './operate.ts'
import { random } from './random.ts'
import { until } from './until.ts'
import { type WorkJob, work, workRoom } from './work-room.ts'
import { startWorld } from './world.ts'

const rooms = 4
const keys = 5

test.each([4711, 8, 214, 224])(
  '[E7] random scheduling, replacing and cancelling leaves each job run once, and what was asked for last (seed %i)',
  async (seed) => {
    const { integer, next, pick } = random(seed)
    const job: WorkJob = async ({ id, input, change }) => {
      await change(({ state }) => state.log.push(`begin ${id} ${input.text}`))
      for (let turns = integer(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      await change(({ state, schedule }) => {
        state.log.push(`end ${id} ${input.text}`)
        // Some go on by themselves.
        const again = /^(\d+)\+$/.exec(input.text)
        if (again) schedule('code', { text: `${again[1]}!` }, { afterMs: 0, key: id })
      })
    }
    await using world = await startWorld({
      rooms: [workRoom(job, { concurrency: 2 })],
      log: memoryLog(),
      unloadAfterMs: 1,
    })
    const names = Array.from({ length: rooms }, (_, n) => `r${n}`)
    const handle = (name: string) => world.server.room(work, { id: name })
    /** What each key was asked to do last; `null` for nothing. */
    const last = new Map<string, string | null>()
    let versions = 0
    const act = async (name: string) => {
      const key = `k${integer(keys)}`
      if (next() < 0.25) {
        last.set(`${name} ${key}`, null)
        return handle(name).dispatch('cancel', { key })
      }
      versions += 1
      const text = `${versions}${next() < 0.2 ? '+' : ''}`
      last.set(`${name} ${key}`, text)
      return handle(name).dispatch('schedule', { text, job: 'code', key, afterMs: integer(6) })
    }
    for (let step = 0; step < 150; step++) {
      const acts = names.filter(() => next() < 0.7).map((name) => act(name))
      await Promise.all(acts)
      if (next() < 0.3) await new Promise((resolve) => setTimeout(resolve, pick([0, 2, 8])))
    }
    const operator = operate(world, 'work/r0')
    await until(async () => (await operator.metric('interplay_tasks_waiting')) === 0)
    expect(await operator.metric('interplay_tasks_dead')).toBe(0)
    for (const name of names) {
      const { log } = await handle(name).state()
      expect(new Set(log).size).toBe(log.length)
      for (let n = 0; n < keys; n++) {
        const asked = last.get(`${name} k${n}`)
        if (asked) expect(log).toContain(`end k${n} ${asked}`)
        if (asked?.endsWith('+')) expect(log).toContain(`end k${n} ${asked.replace('+', '!')}`)
      }
      // A key runs one at a time.
      const begun = new Map<string, number>()
      for (const entry of log) {
        const [what, key, text] = entry.split(' ')
        if (what === 'begin') begun.set(key!, Number.parseInt(text!, 10))
        else expect(begun.get(key!)).toBe(Number.parseInt(text!, 10))
      }
    }
    expect(world.errors).toEqual([])
  },
)
