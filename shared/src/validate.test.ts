import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { InterplayError, type Schema, validate, validateSync } from './index.ts'

const schemas: Record<string, Schema> = {
  zod: z.object({ notes: z.array(z.object({ text: z.string() })) }),
  valibot: v.object({ notes: v.array(v.object({ text: v.string() })) }),
  arktype: type({ notes: type({ text: 'string' }).array() }),
}

for (const [library, schema] of Object.entries(schemas)) {
  test(`${library}: a value that fits passes, an error names the place`, async () => {
    const fits = { notes: [{ text: 'a' }] }
    expect(await validate(schema, fits)).toEqual(fits)
    expect(validateSync(schema, fits)).toEqual(fits)
    const wrong = { notes: [{ text: 'a' }, { text: 1 }] }
    for (const act of [async () => validateSync(schema, wrong), async () => validate(schema, wrong)]) {
      const error = (await act().catch((thrown) => thrown)) as InterplayError
      expect(error).toBeInstanceOf(InterplayError)
      expect(error.code).toBe('invalid-input')
      expect(error.issues.map((issue) => issue.path)).toEqual([['notes', 1, 'text']])
      expect(error.message).toMatch(/^notes\.1\.text: /)
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ code: 'invalid-input', issues: error.issues })
    }
  })
}

test('the output is what the schema makes of the input', async () => {
  expect(await validate(z.object({ seconds: z.number().default(30) }), {})).toEqual({ seconds: 30 })
  expect(await validate(z.string().transform(Number), '12')).toBe(12)
  expect(
    await validate(
      z.string().transform(async (text) => text.length),
      'abc',
    ),
  ).toBe(3)
})

test('without a schema only nothing passes', async () => {
  expect(await validate(undefined, undefined)).toBeUndefined()
  expect(await validate(undefined, null)).toBeUndefined()
  expect(validateSync(undefined, null)).toBeUndefined()
  for (const value of [{}, [], '', 0, false]) {
    await expect((async () => validate(undefined, value))()).rejects.toMatchObject({ code: 'invalid-input' })
  }
})

test('an asynchronous schema is refused where nothing can wait, without a stray rejection', async () => {
  const failing: Schema = {
    '~standard': { version: 1, vendor: 'test', validate: () => Promise.reject(new Error('late')) },
  }
  expect(() => validateSync(failing, 1)).toThrow('asynchronous')
  await expect(validate(failing, 1)).rejects.toThrow('late')
})

test('path segments become plain keys, symbols included', () => {
  const schema: Schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => ({
        issues: [{ message: 'no', path: [{ key: 'a' }, 0, Symbol('s'), { key: Symbol('t') }] }],
      }),
    },
  }
  expect(() => validateSync(schema, 1)).toThrow('a.0.Symbol(s).Symbol(t): no')
})

test('[E6] an error does not grow with the input', async () => {
  const checked = (async () => validate(z.array(z.string()), Array(10_000).fill(1)))()
  await expect(checked).rejects.toSatisfy((error: InterplayError) => error.issues.length === 20)
})
