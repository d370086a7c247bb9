import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InterplayError } from '../error.ts'
import {
  ByteWriter,
  KeyTable,
  Replica,
  writeCame,
  writeChange,
  writeChanged,
  writeDelta,
  writeFull,
  writeGone,
  writeRefused,
  writeValue,
} from './index.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** A sender of one value, in its smallest form. */
class Sender {
  readonly keys = new KeyTable()
  #version = 0
  #told = 0

  full(value: unknown): Uint8Array {
    const writer = new ByteWriter()
    writeValue(writer, this.keys, value)
    this.#told = this.keys.size
    this.#version += 1
    return writeFull({
      entities: false,
      version: this.#version,
      at: 7,
      keys: this.keys.from(0),
      payload: writer.slice(),
    })
  }

  /** `null` where nothing changed. */
  delta(before: unknown, after: unknown): Uint8Array | null {
    const writer = new ByteWriter()
    const firstKey = this.#told
    if (!writeChange(writer, this.keys, before, after)) {
      expect(writer.length).toBe(0)
      return null
    }
    this.#told = this.keys.size
    this.#version += 1
    return writeDelta({
      entities: false,
      version: this.#version,
      base: this.#version - 1,
      at: 9,
      keys: this.keys.from(firstKey),
      firstKey,
      payload: writer.slice(),
    })
  }
}

const golden: readonly (readonly [string, unknown, string])[] = [
  ['null', null, '00 01 07 00 00'],
  ['false', false, '00 01 07 00 01'],
  ['true', true, '00 01 07 00 02'],
  ['a small number', 191, '00 01 07 00 ff'],
  ['a whole number', 192, '00 01 07 00 03 8003'],
  ['a negative one', -1, '00 01 07 00 03 01'],
  ['a number that four bytes hold', 0.5, '00 01 07 00 04 3f000000'],
  ['one that needs eight', 0.1, '00 01 07 00 05 3fb999999999999a'],
  ['a large whole number', 2 ** 40 + 1, '00 01 07 00 03 8280808080 40'],
  ['minus zero', -0, '00 01 07 00 04 80000000'],
  ['text', 'né', '00 01 07 00 06 03 6ec3a9'],
  ['an array', [1, [2]], '00 01 07 00 07 02 41 07 01 42'],
  [
    'an object, its keys told once',
    [{ x: 1 }, { x: 2, y: 3 }],
    '00 01 07 02 01 78 01 79 07 02 08 01 00 41 08 02 00 42 01 43',
  ],
  ['bytes', Uint8Array.of(1, 2), '00 01 07 00 09 00 02 0102'],
  ['a typed array', Int16Array.of(-2), '00 01 07 00 09 04 02 feff'],
]

describe.each(golden)('%s', (_, value, bytes) => {
  test('has these bytes, both ways', () => {
    expect(hex(new Sender().full(value))).toBe(bytes.replaceAll(' ', ''))
    const replica = new Replica()
    expect(replica.take(bytesOf(bytes))).toBe('taken')
    expect(replica.value).toStrictEqual(value)
    expect(replica.at).toBe(7)
  })
})

test.each([
  ['a property', { x: 1, y: 2 }, { x: 1, y: 3 }, '01 02 01 09 00 0b 02 43'],
  ['a new key', { x: 1 }, { x: 1, y: 2 }, '01 02 01 09 01 01 01 79 0b 02 42'],
  ['a key that is gone', { x: 1, y: 2 }, { x: 1 }, '01 02 01 09 00 0b 02 0a'],
  [
    'something inside',
    { x: { y: [1, 2, 3, 4] } },
    { x: { y: [1, 2, 9, 4] } },
    '01 02 01 09 00 0b 00 0b 02 0c 04 03 49 00',
  ],
  ['a longer array', [1, 2, 3], [1, 2, 3, 4], '01 02 01 09 00 0c 04 00 44'],
  ['a shorter array', [1, 2, 3], [1, 2], '01 02 01 09 00 0c 02 00'],
  ['an array of others', [1, 2, 3], [4, 5, 6], '01 02 01 09 00 07 03 44 45 46'],
  ['a range', Uint8Array.of(1, 2, 3, 4), Uint8Array.of(1, 9, 3, 4), '01 02 01 09 00 0d 01 01 09 00'],
  ['another object', { x: 1, y: 2 }, { z: 3 }, '01 02 01 09 01 02 01 7a 08 01 02 43'],
  ['another kind', { x: 1 }, [1], '01 02 01 09 00 07 01 41'],
])('a change of %s has these bytes, both ways', (_, before, after, bytes) => {
  const sender = new Sender()
  const replica = new Replica()
  replica.take(sender.full(before))
  expect(hex(sender.delta(before, after)!)).toBe(bytes.replaceAll(' ', ''))
  expect(replica.take(bytesOf(bytes))).toBe('taken')
  expect(replica.value).toStrictEqual(after)
})

/** Few keys, so that values have many in common. */
const key = fc.constantFrom('a', 'b', 'constructor', 'toString', '0', 'é', '')
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 300 }),
  fc.maxSafeInteger(),
  fc.double(),
  fc.float(),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
  fc.uint8Array({ maxLength: 12 }),
  fc.float32Array({ maxLength: 3 }),
  fc.bigInt64Array({ maxLength: 2 }),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}))

test('a value is what it was after its journey, and so is every change of it', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), (values) => {
      const sender = new Sender()
      const replica = new Replica()
      replica.take(sender.full(values[0]))
      deepStrictEqual(replica.value, values[0])
      for (let index = 1; index < values.length; index++) {
        const delta = sender.delta(values[index - 1], values[index])
        if (delta) expect(replica.take(delta)).toBe('taken')
        deepStrictEqual(replica.value, values[index])
      }
    }),
    { numRuns: 2_000 },
  )
})

test('a change is no larger than the value, but for a few bytes', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      const sender = new Sender()
      sender.full([before, after])
      const delta = sender.delta(before, after)
      expect(delta?.length ?? 0).toBeLessThanOrEqual(sender.full(after).length * 2 + 16)
    }),
  )
})

test('the same changes have the same bytes, and equal values none', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      const bytes = () => {
        const sender = new Sender()
        return [sender.full(before), sender.delta(before, after)]
      }
      expect(bytes()).toEqual(bytes())
      expect(new Sender().delta(after, structuredClone(after))).toBeNull()
    }),
  )
})

test('what did not change is the same object', () => {
  const sender = new Sender()
  const replica = new Replica()
  const before = { a: { x: 1 }, b: { x: 1 } }
  replica.take(sender.full(before))
  const first = replica.value as typeof before
  replica.take(sender.delta(before, { a: { x: 1 }, b: { x: 2 } })!)
  const second = replica.value as typeof before
  expect(second).toEqual({ a: { x: 1 }, b: { x: 2 } })
  expect(second.a).toBe(first.a)
  expect(first.b).toEqual({ x: 1 })
})

describe('entities', () => {
  const full = () => {
    const keys = new KeyTable()
    const writer = new ByteWriter()
    writeCame(writer, keys, 0, 'ant', { x: 1 })
    writeCame(writer, keys, 1, 'bee', { x: 2 })
    return writeFull({ entities: true, version: 1, at: 7, keys: keys.from(0), payload: writer.slice() })
  }
  const delta = () => {
    const keys = new KeyTable()
    keys.number('x')
    const writer = new ByteWriter()
    writeGone(writer, 0)
    writeChanged(writer, 1)
    writeChange(writer, keys, { x: 2 }, { x: 3 })
    writeCame(writer, keys, 2, 'cat', { x: 4 })
    const payload = writer.slice()
    return writeDelta({ entities: true, version: 2, base: 1, at: 9, keys: [], firstKey: 1, payload })
  }

  test('have these bytes, both ways', () => {
    expect(hex(full())).toBe('02010701' + '0178' + '0103616e74' + '08010041' + '0503626565' + '08010042')
    expect(hex(delta())).toBe('0302010900' + '00' + '06' + '0b0043' + '0903636174' + '08010044')
    const replica = new Replica()
    expect(replica.take(full())).toBe('taken')
    expect(replica.value).toStrictEqual({ ant: { x: 1 }, bee: { x: 2 } })
    expect(replica.take(delta())).toBe('taken')
    expect(replica.value).toStrictEqual({ bee: { x: 3 }, cat: { x: 4 } })
  })

  test('[V1] 1,000 of them that move cost less than 1.5 times their numbers', () => {
    const keys = new KeyTable()
    const writer = new ByteWriter()
    const entity = (step: number, index: number) => ({
      name: `agent ${index}`,
      x: Math.sin(step + index) * 1000,
      y: Math.cos(step + index) * 1000,
      team: index % 4,
    })
    for (let index = 0; index < 1_000; index++) writeValue(writer, keys, entity(0, index))
    const before = writer.length
    for (let index = 0; index < 1_000; index++) {
      writeChanged(writer, index)
      writeChange(writer, keys, entity(0, index), entity(1, index))
    }
    expect(writer.length - before).toBeLessThan(1_000 * 2 * 8 * 1.5)
  })
})

test('a refusal arrives as its error, and a message too many or too few is noticed', () => {
  const sender = new Sender()
  const replica = new Replica()
  const error = replica.take(writeRefused({ code: 'not-found', message: 'no' }))
  expect(error).toBeInstanceOf(InterplayError)
  expect((error as InterplayError).code).toBe('not-found')
  const missed = sender.delta(1, 2)!
  expect(replica.take(missed)).toBe('lost')
  replica.take(sender.full(2))
  sender.delta(2, 3)
  expect(replica.take(sender.delta(3, 4)!)).toBe('lost')
  expect(replica.take(sender.full(4))).toBe('taken')
  expect(replica.value).toBe(4)
})

describe('[G2] hostile bytes', () => {
  const base = () => {
    const replica = new Replica()
    const sender = new Sender()
    replica.take(sender.full({ a: { b: 1 }, c: [1, 2], d: new Float64Array(4) }))
    return replica
  }
  const tryTake = (bytes: Uint8Array) => {
    try {
      base().take(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(InterplayError)
      expect((error as InterplayError).code).toBe('malformed')
    }
  }

  test('are read or refused with a typed error', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1, 2, 3, 4), fc.uint8Array({ maxLength: 64 }), (kind, bytes) => {
        tryTake(Uint8Array.of(kind, ...bytes))
        tryTake(Uint8Array.of(kind, 1, 1, 0, 0, ...bytes))
      }),
      { numRuns: 5_000 },
    )
  })

  test('of honest messages, changed, cut and continued', () => {
    fc.assert(
      fc.property(value, value, fc.nat(), fc.nat(255), (before, after, at, byte) => {
        const sender = new Sender()
        const replica = new Replica()
        replica.take(sender.full(before))
        const honest = sender.delta(before, after) ?? sender.full(after)
        const bytes = honest.slice()
        bytes[at % bytes.length] = byte
        tryTake(bytes)
        tryTake(honest.subarray(0, at % bytes.length))
        expect(() => replica.take(Uint8Array.of(...honest, 0xff))).toThrow(InterplayError)
      }),
    )
  })

  test('reach no prototype', () => {
    const message = writeFull({
      entities: false,
      version: 1,
      at: 0,
      keys: ['__proto__'],
      payload: bytesOf('08 01 00 08 00'),
    })
    expect(() => new Replica().take(message)).toThrow('cannot be read')
    const writer = new ByteWriter()
    writeCame(writer, new KeyTable(), 0, '__proto__', {})
    const entities = writeFull({ entities: true, version: 1, at: 0, keys: [], payload: writer.slice() })
    expect(() => new Replica().take(entities)).toThrow('cannot be read')
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  test.each([
    ['an array of 2^53 items', '00 01 00 00 07 ffffffffffffff0f'],
    ['an object of 2^40 keys', '00 01 00 00 08 808080808020'],
    ['a text beyond the end', '00 01 00 00 06 ffff03'],
    ['bytes beyond the end', '00 01 00 00 09 00 ffff03'],
    ['2^40 keys', '00 01 00 808080808020'],
    ['a number without an end', `00 ${'ff'.repeat(1_000)}`],
    ['zeros without an end', `00 ${'80'.repeat(1_000)}`],
    ['half a number', '00 01 00 00 09 08 03 010203'],
    ['a typed array of no kind', '00 01 00 00 09 7f 01 00'],
    ['text that is not UTF-8', '00 01 00 00 06 02 c328'],
    ['a value nested without an end', `00 01 00 00 ${'0701'.repeat(100_000)}`],
    ['changes nested without an end', `01 01 01 00 00 ${'0b01'.repeat(100_000)}`],
    ['an array that becomes long', '01 01 01 00 00 0b 02 0c ffffff7f 00'],
    ['a range beyond the end', '01 01 01 00 00 0b 06 0d 7f 00 00'],
  ])('%s costs nothing', (_, bytes) => {
    expect(() => base().take(bytesOf(bytes))).toThrow('A live value cannot be read')
  })

  test('a change in the same place twice is refused: each could cost as much as all of it', () => {
    expect(() => base().take(bytesOf('01 02 01 09 00 0b 01 0b 02 42 00 0b 02 43'))).toThrow('cannot be read')
  })

  test('a value that JSON and typed arrays cannot hold is not written', () => {
    const write = (it: unknown) => () => writeValue(new ByteWriter(), new KeyTable(), it)
    const self: unknown[] = []
    self.push(self)
    for (const it of [undefined, [undefined], () => {}, 1n, Symbol('x'), self])
      expect(write(it)).toThrow(TypeError)
  })
})
