import { expect, test } from 'vitest'
import { edit, reply, texts } from '../log/log-bed.contract.ts'
import { memoryLog } from '../log/memory.ts'
import { faultyLog, type LogFaults } from '../log/testing/faulty.ts'
import { Writer } from './writer.ts'

function bed(faults: LogFaults, position = 0) {
  const log = memoryLog()
  const told: string[] = []
  const writer = new Writer('r', faultyLog(log, faults), position, {
    appended: (at, _bytes, entries) => told.push(`appended ${entries} up to ${at}`),
    failing: (error) => told.push(`failing: ${(error as Error).message}`),
    recovered: () => told.push('recovered'),
    refused: ({ reason }) => told.push(`refused: ${reason}`),
  })
  return { log, told, writer }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('[S2] two appends are under way, the third waits for one to land, and all land in order', async () => {
  const gates: (() => void)[] = []
  const { log, told, writer } = bed({ after: () => new Promise<void>((open) => gates.push(open)) })
  for (const content of ['a', 'b', 'c', 'd']) {
    writer.push({ ...edit(content), reply: reply(content) })
    await turn()
  }
  expect(await texts(log, 'r')).toEqual(['a', 'b'])
  gates[1]!()
  await turn()
  // The second is stored and answered, but nothing lands before the first.
  expect(told).toEqual([])
  gates[0]!()
  await turn()
  await turn()
  gates[2]!()
  await writer.drained()
  expect(await texts(log, 'r')).toEqual(['a', 'b', 'c', 'd'])
  expect(told.slice(0, 2)).toEqual(['appended 1 up to 1', 'appended 1 up to 2'])
  expect(writer.unsaved).toBe(0)
})

test('[S3] a failed append is tried again with the one behind it, in order', async () => {
  let failures = 3
  const { log, told, writer } = bed({
    before: () => {
      if (failures-- > 0) throw new Error('disk full')
    },
  })
  writer.push(edit('a'))
  await turn()
  writer.push({ ...edit('b'), reply: reply('b') })
  await turn()
  writer.push(edit('c'))
  await writer.drained()
  expect(await texts(log, 'r')).toEqual(['a', 'b', 'c'])
  expect(told.filter((line) => line.startsWith('failing')).length).toBeGreaterThan(0)
  expect(told).toContain('recovered')
  expect(writer.failingSince).toBeNull()
})

test('[S3] what lies behind a failed append is never stored without it', async () => {
  let calls = 0
  const { log, told, writer } = bed({
    before: () => {
      if (calls++ === 0) throw new Error('disk full')
    },
  })
  writer.push(edit('a'))
  writer.whenDurable(1, () => told.push('a is durable'))
  await turn()
  writer.push({ ...edit('b'), reply: reply('b') })
  writer.whenDurable(2, () => told.push('b is durable'))
  await writer.drained()
  expect(await texts(log, 'r')).toEqual(['a', 'b'])
  expect(told.filter((line) => line.endsWith('durable'))).toEqual(['a is durable', 'b is durable'])
})

test('[C1] a room that somebody else wrote to is refused for good', async () => {
  const { log, told, writer } = bed({})
  await log.append('r', [edit('theirs')])
  writer.push(edit('mine'))
  writer.whenDurable(1, () => told.push('durable'))
  await turn()
  await turn()
  expect(told).toEqual(['refused: misplaced'])
  expect(await texts(log, 'r')).toEqual(['theirs'])
})

test('an append that was stored although it failed is not stored twice', async () => {
  let calls = 0
  const { log, told, writer } = bed({
    after: () => {
      if (calls++ === 0) throw new Error('connection lost')
    },
  })
  writer.push(edit('a'))
  await expect.poll(() => told).toContain('refused: misplaced')
  expect(await texts(log, 'r')).toEqual(['a'])
})
