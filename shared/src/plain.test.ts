import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { plainReader } from './plain.ts'

const anything = plainReader(z.any())

test('[S1] what is stored is JSON: what replicas could not read alike is refused with its place', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  for (const [input, message] of [
    [undefined, 'undefined is not JSON'],
    [{ a: [new Date()] }, 'x.a.0: A Date is not JSON'],
    [{ a: new Map() }, 'x.a: A Map is not JSON'],
    [{ a: new Uint8Array(1) }, 'x.a: A Uint8Array is not JSON'],
    [{ a: Number.NaN }, 'x.a: NaN is not JSON'],
    [{ a: Number.POSITIVE_INFINITY }, 'x.a: Infinity is not JSON'],
    [{ a: 1n }, 'x.a: bigint is not JSON'],
    [{ a: Symbol('s') }, 'x.a: symbol is not JSON'],
    [{ a: () => 1 }, 'x.a: function is not JSON'],
    [[undefined], 'x.0: undefined is not JSON'],
    [JSON.parse('{"a":{"__proto__":{"admin":true}}}'), '__proto__ cannot be stored'],
    [cyclic, 'Nested deeper than 64'],
  ] as const) {
    expect(() => anything.write(input, 'x'), message).toThrow(message)
  }
})

test('what is stored is a frozen copy', () => {
  const input = { a: [{ b: 1 }], gone: undefined }
  const stored = anything.write(input, 'x') as typeof input
  expect(stored).toEqual({ a: [{ b: 1 }] })
  expect(Object.keys(stored)).toEqual(['a'])
  expect(stored).not.toBe(input)
  expect(Object.isFrozen(stored.a[0])).toBe(true)
  input.a[0]!.b = 2
  expect(stored.a[0]!.b).toBe(1)
})

test('[S1] lone surrogates are replaced, pairs stay', () => {
  expect(anything.write({ '\ud800k': ['a\udc00b', '👍'] }, 'x')).toEqual({ '\ufffdk': ['a\ufffdb', '👍'] })
})

test('a value is read as its schema knows it, checked once', () => {
  let checks = 0
  const reader = plainReader(
    z.object({ text: z.string(), color: z.string().default('red') }).refine(() => {
      checks += 1
      return true
    }),
  )
  const old = { text: 'a', extra: 1 }
  const first = reader.read(old)
  expect(first).toEqual({ text: 'a', color: 'red' })
  expect(reader.read(old)).toBe(first)
  expect(checks).toBe(1)
  const full = { text: 'a', color: 'red' }
  expect(reader.read(full)).toBe(full)
})

test('what a schema does not accept reads as missing, and never throws', () => {
  const reader = plainReader(z.object({ text: z.string() }))
  const poisoned = Object.setPrototypeOf({}, { text: 'inherited' })
  for (const stored of [
    undefined,
    null,
    1,
    'x',
    [],
    {},
    { text: 1 },
    new Uint8Array(2),
    new Date(),
    poisoned,
  ]) {
    expect(reader.read(stored)).toBeUndefined()
  }
  const throwing = plainReader(
    z.string().refine(() => {
      throw new Error('bug')
    }),
  )
  expect(throwing.read('x')).toBeUndefined()
  expect(plainReader(z.string().refine(async () => true)).read('x')).toBeUndefined()
  expect(plainReader(z.string().default('x')).read(undefined)).toBeUndefined()
})

test('a schema that does not accept its own output is told so at the first write', () => {
  expect(() => plainReader(z.string().transform(Number)).write('1', 'x')).toThrow(
    'does not accept its own output',
  )
  expect(() => plainReader(z.date()).write(new Date(), 'x')).toThrow('A Date is not JSON')
  expect(plainReader(z.string().trim()).write(' a ', 'x')).toBe('a')
})

test('schemas that hand their input back do not alias it', () => {
  for (const schema of [type({ a: 'number[]' }), v.object({ a: v.array(v.number()) }), v.any()]) {
    const input = { a: [1] }
    const stored = plainReader(schema).write(input, 'x')
    input.a.push(2)
    expect(stored).toEqual({ a: [1] })
  }
})
