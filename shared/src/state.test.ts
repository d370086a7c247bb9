import { afterEach, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import {
  type AnyRoom,
  counter,
  createState,
  defineRoom,
  InterplayError,
  list,
  map,
  record,
  richText,
  type StateOptions,
  text,
  value,
} from './index.ts'

const board = defineRoom('board/:boardId', {
  state: {
    title: text(),
    body: richText(),
    notes: map(z.object({ text: z.string() })),
    cards: map(
      record({ title: text(), done: value(z.boolean(), { default: false }), tags: list(z.string()) }),
    ),
    items: list(z.string()),
    score: counter({ writers: 'handlers' }),
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    owner: value(z.string()),
    meta: record({
      author: value(z.string()),
      intro: text(),
      deep: record({ hits: counter(), label: value(z.string()) }),
    }),
  },
})

function open<R extends AnyRoom>(
  definition: R,
  writer: StateOptions['writer'] = 'handlers',
  doc = new Y.Doc(),
) {
  const writes: number[] = []
  const state = createState(definition, doc, {
    writer,
    transact: (write) => {
      let transactions = 0
      const count = () => {
        transactions += 1
      }
      doc.on('afterTransaction', count)
      doc.transact(write)
      doc.off('afterTransaction', count)
      writes.push(transactions)
    },
  })
  return { doc, state, writes }
}

const empty = {
  title: '',
  body: '',
  notes: {},
  cards: {},
  items: [],
  score: 0,
  status: 'open',
  meta: { intro: '', deep: { hits: 0 } },
}

describe('where the state lives in the document', () => {
  test('each field is a root type of its name; reading writes nothing', () => {
    const { doc, state } = open(board)
    expect(state.toJSON()).toEqual(empty)
    expect(Y.encodeStateAsUpdate(doc)).toEqual(Y.encodeStateAsUpdate(new Y.Doc()))
    expect([...doc.share.keys()].sort()).toEqual([
      'body',
      'cards',
      'items',
      'meta',
      'meta.deep',
      'meta.deep.hits',
      'meta.intro',
      'notes',
      'owner',
      'score',
      'status',
      'title',
    ])
  })

  test('plain Yjs reads what the views wrote', () => {
    const { doc, state } = open(board)
    state.title.insert(0, 'Plan')
    state.notes.set('a', { text: 'Ship' })
    state.items.push('x')
    state.score.add(2)
    state.status.set('closed')
    state.meta.set({ author: 'Ada' })
    state.meta.intro.insert(0, 'Hi')
    state.meta.deep.hits.add(1)
    state.meta.deep.label.set('L')
    state.cards.set('c', { title: 'Card', done: true, tags: ['t'] })
    const plain = new Y.Doc()
    Y.applyUpdate(plain, Y.encodeStateAsUpdate(doc))
    expect(plain.getText('title').toString()).toBe('Plan')
    expect(plain.getMap('notes').toJSON()).toEqual({ a: { text: 'Ship' } })
    expect(plain.getArray('items').toJSON()).toEqual(['x'])
    expect(plain.getMap('score').toJSON()).toEqual({ handlers: 2 })
    expect(plain.getMap('status').toJSON()).toEqual({ value: 'closed' })
    expect(plain.getMap('meta').toJSON()).toEqual({ author: 'Ada' })
    expect(plain.getText('meta.intro').toString()).toBe('Hi')
    expect(plain.getMap('meta.deep').toJSON()).toEqual({ label: 'L' })
    expect(plain.getMap('meta.deep.hits').toJSON()).toEqual({ handlers: 1 })
    expect(plain.getMap('cards').toJSON()).toEqual({ c: { title: 'Card', done: true, tags: ['t'] } })
    const card = plain.getMap('cards').get('c') as Y.Map<unknown>
    expect(card.get('title')).toBeInstanceOf(Y.Text)
    expect(card.get('tags')).toBeInstanceOf(Y.Array)
  })

  test('views are the same objects each time', () => {
    const { state } = open(board)
    state.cards.set('c', {})
    expect(state.title).toBe(state.title)
    expect(state.meta.deep).toBe(state.meta.deep)
    expect(state.cards.get('c')).toBe(state.cards.get('c'))
    expect([...state.cards.values()][0]).toBe(state.cards.get('c'))
    expect(state.cards.get('c')!.title).toBe(state.cards.get('c')!.title)
    expect(state.title.yjs).toBe(state.title.yjs)
    expect(Object.keys(state)).toEqual(Object.keys(board.state))
  })

  test('[S1] two clients that write to the same record at once, offline, merge', () => {
    const left = open(board, 'client')
    const right = open(board, 'client')
    left.state.meta.intro.insert(0, 'left')
    right.state.meta.intro.insert(0, 'right')
    left.state.meta.deep.hits.add(1)
    right.state.meta.deep.hits.add(1)
    sync(left.doc, right.doc)
    expect(left.state.toJSON()).toEqual(right.state.toJSON())
    expect(left.state.meta.intro.length).toBe('leftright'.length)
    expect(left.state.meta.deep.hits.value).toBe(2)
  })
})

describe('writes', () => {
  const mutators: Record<string, (state: ReturnType<typeof open<typeof board>>['state']) => unknown> = {
    'text.insert': (state) => state.title.insert(0, 'a', { bold: true }),
    'text.delete': (state) => state.title.delete(0, 2),
    'text.replace': (state) => state.title.replace('other'),
    'text.applyDelta': (state) => state.title.applyDelta([{ retain: 1 }, { insert: 'x' }, { delete: 1 }]),
    'list.push': (state) => state.items.push('c', 'd', 'e'),
    'list.insert': (state) => state.items.insert(1, 'c', 'd'),
    'list.delete': (state) => state.items.delete(0, 2),
    'list.move': (state) => state.items.move(0, 1),
    'map.set': (state) => state.notes.set('a', { text: 'x' }),
    'map.update': (state) => state.notes.update('n', { text: 'x' }),
    'map.delete': (state) => state.notes.delete('n'),
    'map.set of a record': (state) => state.cards.set('c', { title: 'x', tags: ['a', 'b'] }),
    'record.set': (state) => state.meta.set({ author: 'Ada' }),
    'record.set of an element': (state) => state.cards.get('c')!.set({ done: true }),
    'text in an element': (state) => state.cards.get('c')!.title.replace('y'),
    'counter.add': (state) => state.score.add(1),
    'value.set': (state) => state.status.set('closed'),
    'value.delete': (state) => state.owner.delete(),
  }
  const filled = () => {
    const world = open(board)
    world.state.title.insert(0, 'title')
    world.state.items.push('a', 'b')
    world.state.notes.set('n', { text: 'n' })
    world.state.cards.set('c', { title: 'c' })
    world.state.owner.set('Ada')
    world.writes.length = 0
    return world
  }

  test.each(Object.entries(mutators))('%s is one transact, one transaction', (_, mutate) => {
    const { state, writes } = filled()
    mutate(state)
    expect(writes).toEqual([1])
  })

  test.each(Object.entries(mutators))('%s joins a transaction around it', (_, mutate) => {
    const { doc, state } = filled()
    let transactions = 0
    doc.on('afterTransaction', () => {
      transactions += 1
    })
    doc.transact(() => {
      mutate(state)
      state.status.set('closed')
    })
    expect(transactions).toBe(1)
  })

  test.each(Object.entries(mutators))('[S5] %s does nothing when transact refuses', (_, mutate) => {
    const { doc } = filled()
    const refused = createState(board, doc, {
      writer: 'handlers',
      transact: () => {
        throw new InterplayError('read-only', 'You may only read this room')
      },
    })
    const before = Y.encodeStateAsUpdate(doc)
    expect(() => mutate(refused)).toThrow('You may only read')
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before)
  })

  test('[S5] a client cannot write what only handlers write, deep inside it neither', () => {
    const handlers = { writers: 'handlers' } as const
    const room = defineRoom('room', {
      state: {
        score: counter(handlers),
        cards: map(record({ title: text(), done: value(z.boolean()) }), handlers),
        meta: record({ author: value(z.string()), intro: text() }, handlers),
        open: record({ note: text(), hits: counter(handlers) }),
      },
    })
    const doc = new Y.Doc()
    const server = open(room, 'handlers', doc)
    server.state.cards.set('c', { title: 'c' })
    server.state.meta.set({ author: 'Ada' })
    server.state.open.hits.add(1)
    const before = Y.encodeStateAsUpdate(doc)
    const { state, writes } = open(room, 'client', doc)
    for (const write of [
      () => state.score.add(1),
      () => state.cards.set('d', {}),
      () => state.cards.delete('c'),
      () => state.cards.get('c')!.title.insert(0, 'x'),
      () => state.cards.get('c')!.done.set(true),
      () => state.cards.get('c')!.set({ done: true }),
      () => state.meta.set({ author: 'Eve' }),
      () => state.meta.author.set('Eve'),
      () => state.meta.intro.insert(0, 'x'),
      () => state.open.hits.add(1),
    ]) {
      expect(write).toThrow(expect.objectContaining({ code: 'not-writable' }))
    }
    expect(writes).toEqual([])
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before)
    state.open.note.insert(0, 'mine')
    expect(state.open.toJSON()).toEqual({ note: 'mine', hits: 1 })
  })

  test('[E3] a write that its schema refuses changes nothing and says where', () => {
    const { doc, state, writes } = open(board)
    const before = Y.encodeStateAsUpdate(doc)
    const refused: [() => void, string][] = [
      [() => state.notes.set('a', { text: 1 as never }), 'notes.text: '],
      [() => state.items.push('ok', 2 as never), 'items: '],
      [() => state.status.set('ajar' as never), 'status: '],
      [() => state.meta.set({ author: 1 as never }), 'meta.author: '],
      [() => state.meta.author.set(1 as never), 'meta.author: '],
      [() => state.meta.set({ intro: 'x' } as never), 'meta.intro: is a text'],
      [() => state.meta.set({ nobody: 1 } as never), 'meta.nobody: is not a field'],
      [() => state.meta.set(JSON.parse('{"__proto__":1}')), 'meta.__proto__: is not a field'],
      [() => state.meta.set({ constructor: 1 } as never), 'meta.constructor: is not a field'],
      [() => state.cards.set('c', { title: 1 as never }), 'cards.title: expected a string'],
      [() => state.cards.set('c', { tags: ['a', 1 as never] }), 'cards.tags.1: '],
      [() => state.cards.set('c', { tags: {} as never }), 'cards.tags: expected an array'],
      [() => state.cards.set('c', { nobody: 1 } as never), 'cards.nobody: is not a field'],
      [() => state.cards.set('c', null as never), 'cards: expected an object'],
      [() => state.score.add(Number.NaN), 'score: expected a finite number'],
      [() => state.score.add('1' as never), 'score: expected a finite number'],
      [() => state.score.add(Number.POSITIVE_INFINITY), 'score: expected a finite number'],
      [() => state.title.insert(1, 'x'), 'title: index 1 is outside its length of 0'],
      [() => state.title.insert(-1, 'x'), 'title: index -1'],
      [() => state.title.insert(0.5, 'x'), 'title: index 0.5'],
      [() => state.title.delete(0, 1), 'title: 1 from index 0 is outside'],
      [() => state.items.insert(1, 'x'), 'items: index 1'],
      [() => state.items.delete(0), 'items: 1 from index 0'],
      [() => state.items.move(0, 0), 'items: 1 from index 0'],
    ]
    for (const [write, message] of refused) {
      expect(write, message).toThrow(message)
      expect(write, message).toThrow(expect.objectContaining({ code: 'invalid-input' }))
    }
    expect(writes).toEqual([])
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before)
  })
})

describe('documents that others wrote', () => {
  test('a field whose root is another kind of type fails alone, and says so', () => {
    const doc = new Y.Doc()
    doc.getArray('title').insert(0, ['x'])
    const { state } = open(board, 'client', doc)
    expect(state.title.toString()).toBe('')
    expect(state.title.length).toBe(0)
    expect(state.toJSON()).toEqual(empty)
    for (const use of [
      () => state.title.insert(0, 'x'),
      () => state.title.yjs,
      () => state.title.subscribe(() => {}),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'conflict' }))
      expect(use).toThrow('The document has "title" as another shared type')
    }
    state.items.push('works')
    expect(state.items.toJSON()).toEqual(['works'])
  })

  test('[E6] no shape in a document makes a read throw', () => {
    const hostile: ((doc: Y.Doc) => void)[] = [
      (doc) => doc.getMap('title').set('a', 1),
      (doc) => doc.getArray('title').push([1, null, { a: 1 }, new Uint8Array(2), new Y.Map()]),
      (doc) => doc.getArray('body').push([null, 1, 'x', new Y.Map()]),
      (doc) => doc.getText('body').insert(0, 'text'),
      (doc) => doc.getMap('items').set('a', 1),
      (doc) => doc.getArray('items').push([1, null, 'fits', new Y.Text('x'), new Uint8Array(1), new Y.Doc()]),
      (doc) => doc.getMap('notes').set('a', new Y.Map([['text', 'x']])),
      (doc) => doc.getMap('notes').set('a', null),
      (doc) => doc.getMap('notes').set('a', new Y.Doc()),
      (doc) => doc.getMap('notes').set('a', new Uint8Array(3)),
      (doc) => doc.getText('notes').insert(0, 'x'),
      (doc) => doc.getMap('cards').set('a', { title: 'plain' }),
      (doc) => doc.getMap('cards').set('a', new Y.Array()),
      (doc) =>
        doc.getMap('cards').set(
          'a',
          new Y.Map<unknown>([
            ['title', 'plain'],
            ['done', new Y.Text('x')],
            ['tags', 7],
          ]),
        ),
      (doc) => doc.getMap('score').set('x', 'y'),
      (doc) => doc.getMap('score').set('x', Number.NaN),
      (doc) => doc.getMap('score').set('x', new Y.Map()),
      (doc) => doc.getMap('status').set('value', 'ajar'),
      (doc) => doc.getMap('status').set('value', new Y.Text('open')),
      (doc) => doc.getMap('owner').set('value', { deep: [1] }),
      (doc) => doc.getMap('meta').set('author', new Y.Map()),
      (doc) => doc.getMap('meta').set('intro', 'not here'),
      (doc) => doc.getArray('meta').push([1]),
      (doc) => doc.getMap('meta.deep.hits').set('x', null),
    ]
    for (const write of hostile) {
      const other = new Y.Doc()
      write(other)
      const doc = new Y.Doc()
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
      const { state } = open(board, 'client', doc)
      const json = state.toJSON()
      expect(JSON.parse(JSON.stringify(json)), String(write)).toEqual(json)
      expect(Object.keys(json)).toEqual(Object.keys(empty))
      expect([...state.notes], String(write)).toEqual([])
      expect(state.notes.get('a')).toBeUndefined()
      expect(state.status.get()).toBe('open')
      expect(state.owner.get()).toBeUndefined()
      expect(state.score.value).toBe(0)
      for (const card of state.cards.values()) {
        expect(card.toJSON()).toEqual({ title: '', done: false, tags: [] })
      }
      expect([...state.items].filter((item) => typeof item !== 'string')).toEqual([])
      expect(state.items.get(-1)).toBeUndefined()
      expect(state.items.get(0.5)).toBeUndefined()
      expect(state.items.get(99)).toBeUndefined()
      expect(typeof state.title.toString()).toBe('string')
      expect(Array.isArray(state.title.toDelta())).toBe(true)
    }
  })

  test('what a hostile client wrote can be written over', () => {
    const doc = new Y.Doc()
    doc.getMap('cards').set('a', { title: 'plain' })
    doc.getMap('status').set('value', new Y.Text('x'))
    doc.getMap('score').set('handlers', 'NaN')
    const { state } = open(board, 'handlers', doc)
    state.cards.set('a', { title: 'card' })
    state.status.set('closed')
    state.score.add(1)
    expect(state.toJSON()).toMatchObject({ cards: { a: { title: 'card' } }, status: 'closed', score: 1 })
  })

  test('a record of an older version gets its new children when they are first written', () => {
    const doc = new Y.Doc()
    doc.getMap('cards').set('a', new Y.Map<unknown>([['done', true]]))
    const { state, writes } = open(board, 'client', doc)
    const card = state.cards.get('a')!
    expect(card.toJSON()).toEqual({ title: '', done: true, tags: [] })
    const seen = vi.fn()
    card.title.subscribe(seen)
    card.title.insert(0, 'new')
    card.tags.push('t')
    expect(card.toJSON()).toEqual({ title: 'new', done: true, tags: ['t'] })
    expect(writes).toEqual([1, 1])
    expect(seen).toHaveBeenCalled()
    expect(card.title.yjs.toString()).toBe('new')
  })

  test('a view of what was deleted reads as empty, and its writes go nowhere', () => {
    const { state } = open(board)
    state.cards.set('a', { title: 'x' })
    const card = state.cards.get('a')!
    state.cards.delete('a')
    card.title.insert(0, 'late')
    card.set({ done: true })
    expect(state.cards.toJSON()).toEqual({})
    expect(card.toJSON()).toEqual({ title: '', done: false, tags: [] })
  })
})

describe('subscriptions', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('fire once after the transaction, with the state as it is then, until stopped', () => {
    const { doc, state } = open(board)
    const seen: unknown[] = []
    const stop = state.notes.subscribe(() => seen.push(state.notes.toJSON()))
    doc.transact(() => {
      state.notes.set('a', { text: '1' })
      state.notes.set('b', { text: '2' })
    })
    expect(seen).toEqual([{ a: { text: '1' }, b: { text: '2' } }])
    stop()
    state.notes.delete('a')
    expect(seen).toHaveLength(1)
  })

  test('fire for changes inside, and for those of others', () => {
    const { doc, state } = open(board)
    const other = open(board)
    state.cards.set('a', { title: 'x' })
    sync(doc, other.doc)
    const cards = vi.fn()
    const title = vi.fn()
    const done = vi.fn()
    state.cards.subscribe(cards)
    state.cards.get('a')!.title.subscribe(title)
    state.cards.get('a')!.done.subscribe(done)
    other.state.cards.get('a')!.title.insert(1, 'y')
    sync(doc, other.doc)
    expect([cards, title, done].map((spy) => spy.mock.calls.length)).toEqual([1, 1, 0])
    other.state.cards.get('a')!.done.set(true)
    sync(doc, other.doc)
    expect([cards, title, done].map((spy) => spy.mock.calls.length)).toEqual([2, 1, 1])
  })

  test('of a value fire for that value only', () => {
    const { state } = open(board)
    const status = vi.fn()
    const author = vi.fn()
    const label = vi.fn()
    state.status.subscribe(status)
    state.meta.author.subscribe(author)
    state.meta.deep.label.subscribe(label)
    state.owner.set('Ada')
    state.meta.intro.insert(0, 'x')
    state.meta.deep.label.set('L')
    expect([status, author, label].map((spy) => spy.mock.calls.length)).toEqual([0, 0, 1])
    state.meta.set({ author: 'Ada' })
    state.status.delete()
    state.status.set('closed')
    expect([status, author, label].map((spy) => spy.mock.calls.length)).toEqual([1, 1, 1])
  })

  test('of a record in the root fire once for all its roots', () => {
    const { doc, state } = open(board)
    const seen = vi.fn()
    const stop = state.meta.subscribe(seen)
    doc.transact(() => {
      state.meta.set({ author: 'Ada' })
      state.meta.intro.insert(0, 'x')
      state.meta.deep.hits.add(1)
    })
    expect(seen).toHaveBeenCalledTimes(1)
    state.title.insert(0, 'x')
    expect(seen).toHaveBeenCalledTimes(1)
    stop()
    state.meta.intro.insert(0, 'x')
    expect(seen).toHaveBeenCalledTimes(1)
  })

  test('[E6] a listener that throws breaks neither the write nor the others, and is reported', () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const { state } = open(board)
    const after = vi.fn()
    const bug = new Error('bug')
    state.status.subscribe(() => {
      throw bug
    })
    state.status.subscribe(after)
    state.meta.subscribe(() => {
      throw bug
    })
    state.status.set('closed')
    state.meta.set({ author: 'Ada' })
    expect(state.status.get()).toBe('closed')
    expect(after).toHaveBeenCalledTimes(1)
    expect(reported.mock.calls).toEqual([[bug], [bug]])
  })
})

function sync(left: Y.Doc, right: Y.Doc) {
  Y.applyUpdate(right, Y.encodeStateAsUpdate(left, Y.encodeStateVector(right)))
  Y.applyUpdate(left, Y.encodeStateAsUpdate(right, Y.encodeStateVector(left)))
}
