import { expect, test } from 'vitest'
import { edit, texts } from '../log-bed.contract.ts'
import { memoryLog } from '../memory.ts'
import { faultyLog, type LogFaults } from './faulty.ts'

test('a fault before a call fails it with nothing stored, until it is lifted', async () => {
  const faults: LogFaults = {
    before({ method, room }) {
      if (method === 'append' && room === 'r') throw new Error('disk full')
    },
  }
  const log = faultyLog(memoryLog(), faults)
  await expect(log.append('r', [edit('a')])).rejects.toThrow('disk full')
  expect(await log.append('s', [edit('a')])).toEqual({ position: 1 })
  expect(await texts(log, 'r')).toEqual([])
  faults.before = undefined
  expect(await log.append('r', [edit('a')])).toEqual({ position: 1 })
})

test('a fault after a call loses its answer only', async () => {
  const faults: LogFaults = {
    after() {
      throw new Error('connection lost')
    },
  }
  const log = faultyLog(memoryLog(), faults)
  await expect(log.append('r', [edit('a')])).rejects.toThrow('connection lost')
  faults.after = undefined
  expect(await texts(log, 'r')).toEqual(['a'])
})

test('a fault that waits holds the call', async () => {
  const gate = Promise.withResolvers<void>()
  const log = faultyLog(memoryLog(), {
    before: ({ method }) => (method === 'append' ? gate.promise : undefined),
  })
  const append = log.append('r', [edit('a')])
  expect(await texts(log, 'r')).toEqual([])
  gate.resolve()
  expect(await append).toEqual({ position: 1 })
})
