import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Deliveries } from './deliveries.ts'

/** A connection, and the packet identifiers that were acknowledged on it. */
function line() {
  const acknowledged: number[] = []
  const stream = new Writable({
    write(bytes: Buffer, _encoding, done) {
      expect([...bytes.subarray(0, 2)]).toEqual([0x40, 2])
      acknowledged.push(bytes.readUInt16BE(2))
      done()
    },
  })
  return { stream, acknowledged }
}

test('acknowledgements leave in the order in which the messages came', () => {
  const deliveries = new Deliveries()
  const { stream, acknowledged } = line()
  deliveries.connected(stream, false)
  const [first, second, third] = [1, 0x1234, 65_535].map((id) => deliveries.take(id)!)
  deliveries.done(third!)
  deliveries.done(second!)
  expect(acknowledged).toEqual([])
  deliveries.done(first!)
  expect(acknowledged).toEqual([1, 0x1234, 65_535])
  expect(deliveries.size).toBe(0)
})

test('[E1] a message that comes again on another connection is the same one, and acknowledged there', () => {
  const deliveries = new Deliveries()
  const before = line()
  deliveries.connected(before.stream, false)
  const [first, second] = [deliveries.take(1)!, deliveries.take(2)!]
  before.stream.destroy()
  deliveries.done(first)
  const after = line()
  deliveries.connected(after.stream, true)
  expect([deliveries.take(1), deliveries.take(2)]).toEqual([null, null])
  expect(after.acknowledged).toEqual([1])
  deliveries.done(second)
  expect(after.acknowledged).toEqual([1, 2])
  expect(before.acknowledged).toEqual([])
  // The broker may use the identifiers for others now.
  expect(deliveries.take(1)).not.toBeNull()
})

test('a session that the broker forgot has new messages under old identifiers', () => {
  const deliveries = new Deliveries()
  const before = line()
  deliveries.connected(before.stream, false)
  const old = deliveries.take(1)!
  const after = line()
  deliveries.connected(after.stream, false)
  expect(deliveries.take(1)).not.toBeNull()
  deliveries.done(old)
  expect(after.acknowledged).toEqual([])
})
