import { implement, memoryLog } from '@interplay/server'
import { counter, defineRoom, list, map, record, richText, text, value } from '@interplay/shared'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { z } from 'zod'
import { countingLog } from './counting-log.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, type World } from './world.ts'

const Card = { title: text(), done: value(z.boolean(), { default: false }) }
const wall = defineRoom('wall/:id', {
  state: {
    notes: map(z.object({ text: z.string() })),
    anything: map(z.any()),
    cards: map(record(Card)),
    queue: list(z.string()),
    rows: list(record(Card)),
    meta: record({ name: value(z.string()), body: text() }),
    score: counter(),
    status: value(z.string(), { default: 'open' }),
    title: text(),
    page: richText(),
    pad: value(z.string()),
    done: value(z.number(), { writers: 'handlers', default: 0 }),
  },
})
type Told = Record<'added' | 'changed' | 'removed', readonly unknown[]>
const key = 'wall/one'

/** A client with a document of its own, whatever the definition says. */
async function connect(world: World) {
  const client = await (await WireClient.connect(world)).join(key)
  const doc = new Y.Doc()
  doc.on('update', (update: Uint8Array) => client.update(key, update))
  let sent = 0
  doc.on('update', () => {
    sent += 1
  })
  const saved = () => until(() => client.statuses(key, true) === sent)
  return { doc, saved, [Symbol.dispose]: () => client[Symbol.dispose]() }
}

const names = ['notes', 'cards', 'queue', 'rows', 'meta', 'score', 'status', 'title', 'page'] as const

test('[E8] reactions are told of what fits the definition, and hostile values neither run nor break them', async () => {
  const told: [string, Told][] = []
  const reactions = names.map((name) => [
    name,
    ({ added, changed, removed }: Told) => void told.push([name, { added, changed, removed }]),
  ])
  await using world = await startWorld({
    rooms: [implement(wall).react({ changed: Object.fromEntries(reactions) })],
    log: memoryLog(),
  })
  using client = await connect(world)
  const { doc, saved } = client
  const values = [null, 7, 'text', true, [1n], { text: 1 }, Number.NaN, new Uint8Array(3), undefined, 10n]
  const keys = [
    '__proto__',
    'constructor',
    'toJSON',
    'get',
    'yjs',
    'length',
    '',
    '0',
    'value ',
    'x'.repeat(999),
  ]
  const types = () => [new Y.Map(), new Y.Array(), new Y.XmlFragment(), new Y.XmlElement('p'), new Y.Doc()]
  for (const name of ['notes', 'cards', 'meta', 'status'])
    for (const [index, item] of [...values, ...types()].entries()) {
      if (name === 'cards' && item instanceof Y.Map) continue
      doc.getMap(name).set(keys[index % keys.length]!, item)
    }
  // Yjs itself puts the last two into maps only.
  for (const name of ['queue', 'rows'])
    for (const item of [...values.slice(0, -2), ...types()])
      if (!(name === 'queue' ? typeof item === 'string' : item instanceof Y.Map))
        doc.getArray(name).push([item])
  for (const [index, item] of values.entries())
    if (typeof item !== 'number') doc.getMap('score').set(keys[index % keys.length]!, item)
  // Shared types where plain values belong, and things in them.
  for (const name of ['notes', 'meta', 'status', 'score']) {
    const inner = doc.getMap(name).set('inner', new Y.Map<unknown>())
    inner.set('text', 'deep')
    doc.getMap(name).delete('inner')
  }
  doc.getMap('meta').set('body', 'not the text')
  doc.getMap('meta').set('name', 5)
  doc.getMap('status').set('value', { not: 'a string' })
  await saved()
  expect(told).toEqual([])

  doc.getText('title').insertEmbed(0, { any: [10] })
  doc.getText('title').insert(0, 'bold', { bold: true, toJSON: 'x' })
  doc.getXmlFragment('page').insert(0, [new Y.XmlElement('not an element!'), new Y.XmlText('x')])
  doc.getMap('notes').set('__proto__', { text: 'fits' })
  doc.getMap('meta').set('name', 'fits')
  doc.getMap('status').set('value', 'fits')
  doc.getMap('score').set('7', 3)
  doc.getArray('queue').insert(0, ['fits'])
  doc.getMap('cards').set(
    'b',
    new Y.Map<unknown>([
      ['done', 'no'],
      ['title', 7],
    ]),
  )
  await until(() => new Set(told.map(([name]) => name)).size === names.length - 1)
  const last = Object.fromEntries(told)
  const only = (part: object) => ({ added: [], changed: [], removed: [], ...part })
  expect(last.notes).toEqual(only({ added: [{ key: '__proto__', value: { text: 'fits' } }] }))
  expect(last.meta).toEqual(only({ changed: [{ key: 'name', value: 'fits' }] }))
  expect(last.status).toEqual(only({ changed: [{ key: '', value: 'fits', before: 'open' }] }))
  expect(last.score).toEqual(only({ changed: [{ key: '', value: 3, before: 0 }] }))
  expect(last.queue).toEqual(only({ added: [{ key: '', value: 'fits' }] }))
  expect(last.cards).toEqual(only({ added: [{ key: 'b', value: { title: '', done: false } }] }))

  told.length = 0
  doc.getMap('notes').set('__proto__', 'fits no more')
  await until(() => told.length > 0)
  expect(told).toEqual([['notes', only({ removed: [{ key: '__proto__', before: { text: 'fits' } }] })]])
  expect(world.errors).toEqual([])
})

test('[E8] a snapshot can be taken while what was due is nothing that JSON has', async () => {
  const counts = { snapshots: 0, notes: 0 }
  let go = () => {}
  let runs = 0
  const room = implement(wall).react({
    changed: {
      anything: async ({ state }) => {
        runs += 1
        await new Promise<void>((resolve) => {
          go = resolve
        })
        state.done.set(runs)
      },
    },
  })
  await using world = await startWorld({ rooms: [room], log: countingLog(memoryLog(), counts) })
  using client = await connect(world)
  const { doc } = client
  doc.getMap('anything').set('a', 10n)
  await until(() => runs === 1)
  doc.getMap('anything').set('a', [11n])
  for (let write = 0; write < 4; write++) doc.getMap('pad').set('value', String(write).repeat(40_000))
  await until(() => counts.notes > 0)
  go()
  await until(() => runs === 2)
  go()
  const state = await world.server.room(wall, { id: 'one' }).change((context) => context.state.done.get())
  expect(state).toBe(2)
  expect(world.errors).toEqual([])
})
