import * as encoding from 'lib0/encoding'
import { describe, expect, test } from 'vitest'
import { type Frame, isRuntimeFrame, type JobStatus, readFrame, writeFrame } from './index.ts'

const error = { code: 'forbidden', message: 'no' }

/** Every kind of frame and outcome with its bytes. A change here breaks clients that are out there. */
const golden: readonly [Frame, string][] = [
  [{ kind: 'hello', version: 1, client: 'js/0.1' }, '00 00 01 06 6a732f302e31'],
  [{ kind: 'welcome', version: 1, maxFrameBytes: 1_048_576 }, '00 01 01 808040'],
  [
    { kind: 'dispatch', room: 'b/é', eventId: 'e1', attempt: 0, event: 'note.add', input: { text: 'Hi' } },
    '00 02 04 622fc3a9 02 6531 00 08 6e6f74652e616464 0d 7b2274657874223a224869227d',
  ],
  [
    { kind: 'dispatch', room: 'b', eventId: 'e', attempt: 300, event: 'ping', input: undefined },
    '00 02 01 62 01 65 ac02 04 70696e67 00',
  ],
  [
    { kind: 'reply', room: 'b', eventId: 'e', outcome: { ok: true, output: null } },
    '00 03 01 62 01 65 01 04 6e756c6c',
  ],
  [
    { kind: 'reply', room: 'b', eventId: 'e', outcome: { ok: true, output: undefined } },
    '00 03 01 62 01 65 01 00',
  ],
  [
    { kind: 'reply', room: 'b', eventId: 'e', outcome: { ok: false, error } },
    '00 03 01 62 01 65 00 23 7b22636f6465223a22666f7262696464656e222c226d657373616765223a226e6f227d',
  ],
  [
    { kind: 'refused', room: 'b', scope: 'join', error },
    '00 04 01 62 00 23 7b22636f6465223a22666f7262696464656e222c226d657373616765223a226e6f227d',
  ],
  [
    { kind: 'refused', room: 'b', scope: 'write', error },
    '00 04 01 62 01 23 7b22636f6465223a22666f7262696464656e222c226d657373616765223a226e6f227d',
  ],
  [
    { kind: 'signal', room: 'b/é', name: 'confetti', payload: { x: 1 } },
    '00 05 04 622fc3a9 08 636f6e6665747469 07 7b2278223a317d',
  ],
  [{ kind: 'signal', room: 'b', name: 'ping', payload: undefined }, '00 05 01 62 04 70696e67 00'],
  [
    { kind: 'job', room: 'b', job: { id: 'j', name: 'sum', at: 'done', attempt: 1 } },
    '00 06 01 62 2f 7b226964223a226a222c226e616d65223a2273756d222c226174223a22646f6e65222c22617474656d7074223a317d',
  ],
  [
    {
      kind: 'job',
      room: 'b',
      job: { id: 'j', name: 'sum', at: 'waiting', attempt: 2, progress: [0.5], error: 'no' },
    },
    '00 06 01 62 50 7b226964223a226a222c226e616d65223a2273756d222c226174223a2277616974696e67222c22617474656d7074223a322c2270726f6772657373223a5b302e355d2c226572726f72223a226e6f227d',
  ],
  [
    { kind: 'live', room: 'b', name: 'vote', message: Uint8Array.of(0, 1, 7, 0, 2) },
    '00 07 01 62 04 766f7465 05 0001070002',
  ],
  [
    { kind: 'subscribe', room: 'b', name: 'agents', on: true, interest: { left: 0 } },
    '00 08 01 62 06 6167656e7473 01 0a 7b226c656674223a307d',
  ],
  [
    { kind: 'subscribe', room: 'b', name: 'vote', on: false, interest: undefined },
    '00 08 01 62 04 766f7465 00 00',
  ],
]

const kinds = ['hello', 'welcome', 'dispatch', 'reply', 'refused', 'signal', 'job', 'live', 'subscribe']

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe.each(golden)('%o', (frame, bytes) => {
  test('has these bytes, both ways', () => {
    expect(hex(writeFrame(frame))).toBe(bytes.replaceAll(' ', ''))
    expect(readFrame(bytesOf(bytes))).toEqual(frame)
    expect(isRuntimeFrame(bytesOf(bytes))).toBe(true)
  })

  test('[G2] cut short or continued, it throws', () => {
    const whole = bytesOf(bytes)
    for (let length = 0; length < whole.length; length++) {
      expect(() => readFrame(whole.slice(0, length)), `${length} bytes`).toThrow()
      expect(() => readFrame(whole.subarray(0, length)), `${length} bytes of a larger buffer`).toThrow()
    }
    expect(() => readFrame(new Uint8Array([...whole, 0]))).toThrow('bytes after the end')
  })
})

test('[G2] garbage is read or thrown at, within a time that its length bounds', () => {
  const random = xorshift(4711)
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: random() % 48 }, () => random() & 255)
    if (round % 2 === 0 && bytes.length > 1) bytes.set([0, random() % 10])
    const frame = tryRead(bytes)
    if (frame) expect(kinds).toContain(frame.kind)
  }
})

test('[G2] one flipped byte never makes a frame of another shape', () => {
  const random = xorshift(42)
  for (const [, text] of golden) {
    const whole = bytesOf(text)
    for (let round = 0; round < 500; round++) {
      const bytes = whole.slice()
      bytes[random() % bytes.length] = random() & 255
      const frame = tryRead(bytes)
      if (frame) expect(tryRead(writeFrame(frame))).toEqual(frame)
    }
  }
})

test('[G2] a length that the bytes do not have throws at once', () => {
  for (const claimed of [2 ** 20, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const encoder = encoding.createEncoder()
    encoding.writeUint8(encoder, 0)
    encoding.writeUint8(encoder, 2)
    encoding.writeVarUint(encoder, claimed)
    expect(() => readFrame(encoding.toUint8Array(encoder))).toThrow()
  }
  expect(() => readFrame(new Uint8Array([0, 0, ...Array(40).fill(255)]))).toThrow()
})

test('[G2] a payload that is not JSON throws', () => {
  expect(() => readFrame(bytesOf('00 02 01 62 01 65 00 04 70696e67 01 7b'))).toThrow()
  expect(() => readFrame(bytesOf('00 05 01 62 04 70696e67 01 7b'))).toThrow()
  expect(() => readFrame(bytesOf('00 06 01 62 01 7b'))).toThrow()
})

const job: JobStatus = { id: 'j', name: 'sum', at: 'done', attempt: 1 }
const noJobs: readonly [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['an array', [job]],
  ['without an id', { ...job, id: undefined }],
  ['with an id that is a number', { ...job, id: 7 }],
  ['without a name', { ...job, name: undefined }],
  ['without a state', { ...job, at: undefined }],
  ['in a state of a prototype', { ...job, at: 'toString' }],
  ['with an attempt in words', { ...job, attempt: 'first' }],
]

test.each(noJobs)('[G2] a job that is %s throws', (_, payload) => {
  const bytes = writeFrame({ kind: 'job', room: 'b', job: payload as JobStatus })
  expect(() => readFrame(bytes)).toThrow('a job without')
})

test('[G2] signals and jobs of any content come back as they were written, or throw', () => {
  const random = xorshift(1789)
  for (let round = 0; round < 2_000; round++) {
    const text = anyText(random)
    const frames: Frame[] = [
      { kind: 'signal', room: text, name: anyText(random), payload: anyJson(random) },
      {
        kind: 'job',
        room: text,
        job: { ...job, id: anyText(random), progress: anyJson(random), error: text },
      },
    ]
    for (const frame of frames) {
      const bytes = writeFrame(frame)
      expect(readFrame(bytes)).toEqual(frame)
      bytes[random() % bytes.length] = random() & 255
      const read = tryRead(bytes)
      if (read) expect(kinds).toContain(read.kind)
    }
  }
})

test('a name in a payload cannot reach a prototype', () => {
  const input = JSON.parse('{"__proto__":{"admin":true}}')
  const frame = readFrame(
    writeFrame({ kind: 'dispatch', room: 'b', eventId: 'e', attempt: 0, event: 'x', input }),
  )
  expect((frame as { input: { admin?: boolean } }).input.admin).toBeUndefined()
  expect(({} as { admin?: boolean }).admin).toBeUndefined()
})

test('a Hocuspocus frame is not a runtime frame', () => {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, 'board/q3')
  encoding.writeVarUint(encoder, 0)
  const bytes = encoding.toUint8Array(encoder)
  expect(isRuntimeFrame(bytes)).toBe(false)
  expect(isRuntimeFrame(new Uint8Array())).toBe(false)
  expect(() => readFrame(bytes)).toThrow('not a runtime frame')
})

function tryRead(bytes: Uint8Array): Frame | undefined {
  try {
    return readFrame(bytes)
  } catch {
    return undefined
  }
}

function anyText(random: () => number): string {
  const letters = ['a', 'é', '🎉', '\0', '"', '\\', '\u2028', '__proto__', ' ']
  return Array.from({ length: random() % 6 }, () => letters[random() % letters.length]).join('')
}

function anyJson(random: () => number, depth = 0): unknown {
  switch (random() % (depth < 3 ? 7 : 5)) {
    case 0:
      return null
    case 1:
      return random() / 7
    case 2:
      return anyText(random)
    case 3:
      return random() % 2 === 0
    case 4:
      return -random()
    case 5:
      return Array.from({ length: random() % 4 }, () => anyJson(random, depth + 1))
    default:
      return { x: anyJson(random, depth + 1), [`y${anyText(random)}`]: anyJson(random, depth + 1) }
  }
}

/** Seeded randomness: whole numbers of 32 bits. */
function xorshift(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
