import { createState, InterplayError } from '@interplay/shared'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { applyOperations } from './apply.ts'
import { readReply } from './reply.ts'
import { board, startRemoteWorld } from './testing/remote-world.ts'

/** Reads a reply with these operations, and does them on a state that has something of everything. */
function bed() {
  const document = new Y.Doc()
  const state = createState(board, document, {
    writer: 'handlers',
    transact: (write) => document.transact(write),
  })
  state.title.insert(0, 'Plan')
  state.notes.set('n1', { text: 'Ship', tags: ['old'] })
  state.cards.set('c1', { title: 'Card', tags: ['a'] })
  state.items.push('a', 'b', 'c')
  state.rows.push({ name: 'r0' })
  const run = (...operations: unknown[]) => {
    const reply = readReply(Buffer.from(JSON.stringify({ operations })))
    if (reply.at === 'done') applyOperations(state, reply.operations)
    return state.toJSON()
  }
  return { document, run }
}

test('every kind of field has its operations', () => {
  const cases: [object[], object][] = [
    [[{ op: 'appendText', path: ['title'], text: ' B' }], { title: 'Plan B' }],
    [[{ op: 'insertText', path: ['title'], index: 0, text: 'A ' }], { title: 'A Plan' }],
    [[{ op: 'deleteText', path: ['title'], index: 1, length: 2 }], { title: 'Pn' }],
    [[{ op: 'replaceText', path: ['title'], text: 'Plane' }], { title: 'Plane' }],
    [
      [{ op: 'set', path: ['notes', 'n2'], value: { text: 'New' } }],
      { notes: { n1: { text: 'Ship', tags: ['old'] }, n2: { text: 'New', tags: [] } } },
    ],
    [
      [{ op: 'update', path: ['notes', 'n1'], value: { tags: [] } }],
      { notes: { n1: { text: 'Ship', tags: [] } } },
    ],
    [[{ op: 'delete', path: ['notes', 'n1'] }], { notes: {} }],
    [[{ op: 'delete', path: ['notes', 'nobody'] }], { notes: { n1: { text: 'Ship', tags: ['old'] } } }],
    [
      [{ op: 'set', path: ['notes', '__proto__'], value: { text: 'x' } }],
      { notes: JSON.parse('{"n1":{"text":"Ship","tags":["old"]},"__proto__":{"text":"x","tags":[]}}') },
    ],
    [
      [{ op: 'set', path: ['cards', 'c2'], value: { title: 'Two', votes: 3 } }],
      {
        cards: {
          c1: { title: 'Card', done: false, tags: ['a'], votes: 0 },
          c2: { title: 'Two', done: false, tags: [], votes: 3 },
        },
      },
    ],
    [
      [
        { op: 'set', path: ['cards', 'c1', 'done'], value: true },
        { op: 'push', path: ['cards', 'c1', 'tags'], values: ['b'] },
        { op: 'add', path: ['cards', 'c1', 'votes'], amount: 2 },
        { op: 'appendText', path: ['cards', 'c1', 'title'], text: '!' },
      ],
      { cards: { c1: { title: 'Card!', done: true, tags: ['a', 'b'], votes: 2 } } },
    ],
    [
      [{ op: 'update', path: ['cards', 'c1'], value: { done: true } }],
      { cards: { c1: { title: 'Card', done: true, tags: ['a'], votes: 0 } } },
    ],
    [[{ op: 'insert', path: ['items'], index: 1, values: ['x', 'y'] }], { items: ['a', 'x', 'y', 'b', 'c'] }],
    [[{ op: 'push', path: ['items'], values: [] }], { items: ['a', 'b', 'c'] }],
    [[{ op: 'set', path: ['items', 1], value: 'x' }], { items: ['a', 'x', 'c'] }],
    [[{ op: 'delete', path: ['items', 1] }], { items: ['a', 'c'] }],
    [[{ op: 'delete', path: ['items', 1], count: 2 }], { items: ['a'] }],
    [[{ op: 'move', path: ['items'], from: 0, to: 2 }], { items: ['b', 'c', 'a'] }],
    [[{ op: 'set', path: ['rows', 0, 'name'], value: 'r1' }], { rows: [{ name: 'r1', body: '' }] }],
    [[{ op: 'update', path: ['rows', 0], value: { name: 'r2' } }], { rows: [{ name: 'r2', body: '' }] }],
    [[{ op: 'add', path: ['score'], amount: -1.5 }], { score: -1.5 }],
    [
      [
        { op: 'set', path: ['status'], value: 'closed' },
        { op: 'delete', path: ['status'] },
      ],
      { status: 'open' },
    ],
    [
      [
        { op: 'update', path: ['meta'], value: { author: 'Ada' } },
        { op: 'appendText', path: ['meta', 'intro'], text: 'Hello' },
        // A field whose name is that of a method of lists.
        { op: 'add', path: ['meta', 'push'], amount: 1 },
      ],
      { meta: { author: 'Ada', intro: 'Hello', push: 1 } },
    ],
  ]
  for (const [operations, expected] of cases) expect(bed().run(...operations)).toMatchObject(expected)
})

test('[E6] an operation that does not fit is named by its number and its path', () => {
  const path = (...steps: (string | number)[]) => ({ path: steps })
  const cases: [object, RegExp][] = [
    [{ op: 'set', ...path('nothing'), value: 1 }, /no field "nothing"/],
    [{ op: 'set', ...path('toJSON'), value: 1 }, /no field/],
    [{ op: 'set', ...path('__proto__', 'x'), value: 1 }, /no field/],
    [{ op: 'set', ...path('constructor'), value: 1 }, /no field/],
    [{ op: 'set', ...path(0), value: 1 }, /no field 0/],
    [{ op: 'set', ...path('notes'), value: {} }, /needs a value, and there is a map/],
    [{ op: 'set', ...path('title'), value: 'x' }, /needs a value, and there is a text/],
    [{ op: 'set', ...path('notes', 'n1'), value: { text: 1 } }, /notes\.text/],
    [{ op: 'set', ...path('notes', 'n1', 'text'), value: 'x' }, /no "text" in a plain value/],
    [{ op: 'set', ...path('notes', 0), value: { text: 'x' } }, /no 0 in a map/],
    [{ op: 'set', ...path('status'), value: 'ajar' }, /status/],
    [{ op: 'set', ...path('items', 3), value: 'x' }, /3 is outside the list of 3/],
    [{ op: 'set', ...path('items', -1), value: 'x' }, /outside/],
    [{ op: 'set', ...path('items', '0'), value: 'x' }, /no "0" in a list/],
    [{ op: 'set', ...path('items', 'length'), value: 0 }, /no "length" in a list/],
    [{ op: 'set', ...path('meta', 'toJSON'), value: 1 }, /no "toJSON" in a record/],
    [{ op: 'set', ...path('meta', 'constructor'), value: 1 }, /no "constructor" in a record/],
    [{ op: 'set', ...path('meta', '__proto__'), value: 1 }, /no "__proto__" in a record/],
    [{ op: 'set', ...path('cards', 'c2', 'done'), value: true }, /no "done" in a plain value or nothing/],
    [{ op: 'set', ...path('cards', 'c1'), value: { colour: 'red' } }, /not a field/],
    [{ op: 'update', ...path('notes', 'n2'), value: { text: 'x' } }, /no object to update/],
    [{ op: 'update', ...path('cards', 'c1'), value: { title: 'x' } }, /own view/],
    [{ op: 'update', ...path('cards', 'c1'), value: { colour: 'x' } }, /not a field/],
    [{ op: 'update', ...path('items', 0), value: {} }, /needs a record/],
    [{ op: 'update', ...path('title'), value: {} }, /needs a record, and there is a text/],
    [{ op: 'delete', ...path('items') }, /needs a value, and there is a list/],
    [{ op: 'delete', ...path('items', 1), count: 3 }, /outside its length/],
    [{ op: 'delete', ...path('items', 1), count: 0.5 }, /outside its length/],
    [{ op: 'delete', ...path('notes', 'n1'), count: 2 }, /'count'/],
    [{ op: 'insert', ...path('items'), index: 4, values: ['x'] }, /outside its length/],
    [{ op: 'insert', ...path('items'), index: 0, values: [1] }, /items/],
    [{ op: 'push', ...path('notes'), values: [1] }, /needs a list, and there is a map/],
    [{ op: 'move', ...path('items'), from: 0, to: 3 }, /outside its length/],
    [{ op: 'add', ...path('status'), amount: 1 }, /needs a counter/],
    [{ op: 'appendText', ...path('body'), text: 'x' }, /needs a text, and there is a rich text/],
    [{ op: 'insertText', ...path('title'), index: 9, text: 'x' }, /outside its length/],
    [{ op: 'deleteText', ...path('title'), index: 0, length: 1e9 }, /outside its length/],
  ]
  const fitting = { op: 'appendText', path: ['title'], text: '' }
  for (const [operation, message] of cases) {
    const error = caught(() => bed().run(fitting, operation))
    expect(error.message).toMatch(message)
    expect(error.message).toMatch(/operation 1 \('\w+'\): /)
    expect(error).toMatchObject({
      code: 'internal',
      details: { reason: 'bad-reply', operation: 1, path: (operation as { path: unknown }).path },
    })
  }
})

test('[E6] what is no operation at all is refused before anything is done', () => {
  const cases: [unknown, RegExp, unknown?][] = [
    [null, /not an object/],
    [[], /not an object/],
    ['set', /not an object/],
    [{}, /'path'/],
    [{ op: 'set', path: [] }, /'path'/],
    [{ op: 'set', path: 'title' }, /'path'/],
    [{ op: 'set', path: [['title']] }, /'path'/],
    [{ op: 'set', path: ['items', 0.5] }, /'path'/],
    [{ op: 'set', path: ['x'.repeat(2_000)] }, /'path'/],
    [{ op: 'set', path: Array(40).fill('x') }, /'path'/],
    [{ op: 'drop', path: ['title'] }, /'op' is none of set/, ['title']],
    [{ op: 'constructor', path: ['title'] }, /'op' is none of/, ['title']],
    [{ path: ['title'] }, /'op'/, ['title']],
    [{ op: 'set', path: ['title'] }, /'value' is not a JSON value/, ['title']],
    [{ op: 'update', path: ['meta'], value: [] }, /'value' is not an object/, ['meta']],
    [{ op: 'push', path: ['items'] }, /'values' is not an array/, ['items']],
    [{ op: 'push', path: ['items'], values: Array(10_001).fill('') }, /at most 10000/, ['items']],
    [{ op: 'insert', path: ['items'], values: [] }, /'index' is not a number/, ['items']],
    [{ op: 'add', path: ['score'], amount: '1' }, /'amount' is not a number/, ['score']],
    [{ op: 'appendText', path: ['title'], text: 1 }, /'text' is not a string/, ['title']],
  ]
  for (const [operation, message, path = null] of cases) {
    const { document, run } = bed()
    const before = Y.encodeStateAsUpdate(document)
    const error = caught(() => run({ op: 'appendText', path: ['title'], text: 'x' }, operation))
    expect(error.message).toMatch(message)
    expect(error).toMatchObject({ code: 'internal', details: { reason: 'bad-reply', operation: 1, path } })
    expect(Y.encodeStateAsUpdate(document)).toEqual(before)
  }
})

test('as many values as one operation may carry are no trouble', () => {
  const values = Array(10_000).fill('x')
  expect(bed().run({ op: 'push', path: ['items'], values })).toMatchObject({
    items: ['a', 'b', 'c', ...values],
  })
})

test('[E3] operations take effect together with the output, or none of them does', async () => {
  const good = [
    { op: 'set', path: ['notes', 'n1'], value: { text: 'Ship' } },
    { op: 'push', path: ['items'], values: ['a'] },
    { op: 'add', path: ['score'], amount: 2 },
    { op: 'appendText', path: ['title'], text: 'Plan' },
  ]
  const bad = { op: 'set', path: ['notes', 'n2'], value: { text: 7 } }
  await using world = await startRemoteWorld((_, count) => ({
    body: { operations: count === 1 ? [...good, bad] : good },
  }))
  expect(await world.dispatch('change')).toMatchObject({
    status: 500,
    body: {
      error: {
        code: 'internal',
        details: { reason: 'bad-reply', operation: 4, path: ['notes', 'n2'] },
        issues: [{ path: ['text'] }],
      },
    },
  })
  expect(await world.state()).toMatchObject({ notes: {}, items: [], score: 0, title: '' })
  expect(await world.dispatch('change')).toMatchObject({ status: 200 })
  expect(await world.state()).toMatchObject({
    notes: { n1: { text: 'Ship', tags: [] } },
    items: ['a'],
    score: 2,
    title: 'Plan',
  })
})

test('[E6] whatever a service sends, it is done through the schemas, or refused with a typed error', () => {
  const step = fc.oneof(
    fc.constantFrom(...Object.keys(board.state), 'n1', 'c1', 'done', 'tags', '__proto__', 'yjs', 'set'),
    fc.integer({ min: -1, max: 3 }),
    fc.string(),
  )
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('open', { text: 'x' }, { done: true }, { title: 'x' }),
  )
  const operation = fc.record(
    {
      op: fc.constantFrom(
        ...['set', 'update', 'delete', 'insert', 'push', 'move', 'add'],
        ...['appendText', 'insertText', 'deleteText', 'replaceText', 'toString'],
      ),
      path: fc.array(step, { maxLength: 4 }),
      value,
      values: fc.array(value, { maxLength: 3 }),
      index: fc.integer({ min: -1, max: 5 }),
      length: fc.integer({ min: -1, max: 5 }),
      count: fc.integer({ min: -1, max: 5 }),
      from: fc.nat({ max: 5 }),
      to: fc.nat({ max: 5 }),
      amount: fc.double(),
      text: fc.string(),
    },
    { requiredKeys: ['op', 'path'] },
  )
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 4 }), (operations) => {
      const { run } = bed()
      const shape = Object.keys(run()).sort()
      try {
        // What is stored passes the schemas, or it would be skipped here.
        expect(Object.keys(run(...operations)).sort()).toEqual(shape)
      } catch (error) {
        if (!(error instanceof InterplayError)) throw error
        expect(error).toMatchObject({ code: 'internal', details: { reason: 'bad-reply' } })
        expect((error.details as { operation: number }).operation).toBeLessThan(operations.length)
        expect(JSON.stringify(error)).not.toBe('')
      }
    }),
    { numRuns: 1_000 },
  )
})

function caught(run: () => unknown): InterplayError {
  try {
    run()
  } catch (error) {
    if (error instanceof InterplayError) return error
    throw error
  }
  throw new Error('It was not refused.')
}
