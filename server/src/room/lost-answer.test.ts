import { counter, defineRoom, event } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { implement } from '../events/implement.ts'
import { memoryLog } from '../log/memory.ts'
import { faultyLog, type LogFaults } from '../log/testing/faulty.ts'
import { createServer } from '../server.ts'

const tally = defineRoom('tally/:name', {
  state: { total: counter({ writers: 'handlers' }) },
  events: { add: event(z.object({ by: z.number() }), z.number()) },
})
const tallyRoom = implement(tally).on({
  add: ({ input, state }) => {
    state.total.add(input.by)
    return state.total.value
  },
})

test('[E1] an append that was stored, but reported as failed, has its effect once', async () => {
  const faults: LogFaults = {}
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const server = createServer({ rooms: [tallyRoom], log: faultyLog(memoryLog(), faults), logger: quiet })
  const port = await server.listen(0)
  const add = async (key: string) => {
    const url = `http://127.0.0.1:${port}/api/rooms/tally%2Fone/events/add`
    const headers = { 'idempotency-key': key }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ by: 1 }) })
    return { status: response.status, ...((await response.json()) as { output?: number }) }
  }
  expect(await add('one')).toMatchObject({ status: 200, output: 1 })
  faults.after = ({ method }) => {
    if (method !== 'append') return
    delete faults.after
    throw new Error('the answer was lost')
  }
  expect(await add('two')).toMatchObject({ status: 503 })
  expect(await add('two')).toMatchObject({ status: 200, output: 2 })
  expect(await add('three')).toMatchObject({ status: 200, output: 3 })
  expect(await server.close()).toEqual([])
})
