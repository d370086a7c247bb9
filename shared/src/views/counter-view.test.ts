import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { counter, createState, defineRoom } from '../index.ts'

const room = defineRoom('room', { state: { score: counter() } })

function open(writer: 'client' | 'handlers' = 'client') {
  const doc = new Y.Doc()
  const { score } = createState(room, doc, { writer, transact: (write) => doc.transact(write) })
  return { doc, score }
}

test('each writer changes only its own part', () => {
  const { doc, score } = open()
  doc.getMap('score').set('someone', 5)
  score.add(2)
  score.add(-3)
  expect(score.value).toBe(4)
  expect(doc.getMap('score').toJSON()).toEqual({ someone: 5, [doc.clientID.toString(36)]: -1 })
  const server = open('handlers')
  server.score.add(1)
  expect(server.score.yjs.toJSON()).toEqual({ handlers: 1 })
})

test('[S1] additions made at once, offline, are all in the sum, the same at each replica', () => {
  const amounts = fc.array(fc.oneof(fc.integer(), fc.double({ noNaN: true, min: -1e6, max: 1e6 })), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(fc.array(amounts, { minLength: 2, maxLength: 5 }), (writers) => {
      const replicas = writers.map((list) => {
        const replica = open()
        for (const amount of list) replica.score.add(amount)
        return replica
      })
      for (const from of replicas)
        for (const to of [...replicas].reverse()) Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc))
      const [first, ...others] = replicas.map(({ score }) => score.value)
      for (const other of others) expect(other).toBe(first)
      expect(first).toBeCloseTo(
        writers.flat().reduce((sum, amount) => sum + amount, 0),
        4,
      )
    }),
    { seed: 4711 },
  )
})

test('parts that are no numbers count nothing, and the sum stays finite', () => {
  const { doc, score } = open()
  for (const [key, part] of Object.entries({
    a: 'x',
    b: null,
    c: Number.NaN,
    d: Number.POSITIVE_INFINITY,
    e: 2,
  })) {
    doc.getMap('score').set(key, part)
  }
  expect(score.value).toBe(2)
  doc.getMap('score').set('f', Number.MAX_VALUE)
  doc.getMap('score').set('g', Number.MAX_VALUE)
  expect(score.value).toBe(Number.MAX_VALUE)
  expect(JSON.stringify({ score })).toBe(`{"score":${Number.MAX_VALUE}}`)
})

test('a part that would leave the numbers is refused', () => {
  const { score } = open()
  score.add(Number.MAX_VALUE)
  expect(() => score.add(Number.MAX_VALUE)).toThrow('score: expected a finite number')
  score.add(-Number.MAX_VALUE)
  expect(score.value).toBe(0)
})
