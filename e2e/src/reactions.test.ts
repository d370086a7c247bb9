import { setImmediate as turn } from 'node:timers/promises'
import { type AnyImplementation, implement, memoryLog } from '@interplay/server'
import { counter, defineRoom, event, list, map, record, text, value } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const Note = z.object({ text: z.string(), stars: z.number().default(0) })
const wall = defineRoom('wall/:id', {
  state: {
    notes: map(Note),
    cards: map(record({ title: text(), done: value(z.boolean(), { default: false }), dots: counter() })),
    queue: list(z.string()),
    rows: list(record({ name: value(z.string()) })),
    meta: record({ name: value(z.string(), { default: 'untitled' }), body: text(), votes: counter() }),
    score: counter(),
    status: value(z.enum(['open', 'closed']), { default: 'open' }),
    title: text(),
    seen: counter({ writers: 'handlers' }),
    log: list(z.string(), { writers: 'handlers' }),
  },
  events: {
    note: event(z.object({ key: z.string(), text: z.string() })),
    later: event(z.object({ key: z.string() })),
    log: event(z.object({ line: z.string() })),
  },
  jobs: { note: z.object({ key: z.string() }) },
})
const params = { id: 'one' }

const base = implement(wall)
  .on({
    note: ({ input, state }) => state.notes.set(input.key, { text: input.text }),
    later: ({ input, schedule }) => void schedule('note', input, { afterMs: 0 }),
    log: ({ input, state }) => state.log.push(input.line),
  })
  .jobs({
    note: async ({ input, change }) => change(({ state }) => state.notes.set(input.key, { text: 'job' })),
  })

const start = (room: AnyImplementation, options = {}) =>
  startWorld({ rooms: [room], log: memoryLog(), auth: (token) => ({ sub: token || 'nobody' }), ...options })

async function join(world: World, user = 'ada') {
  const room = world.client({ token: () => user }).join(wall, params)
  await room.ready
  return room
}

type Told = Record<'added' | 'changed' | 'removed', readonly unknown[]>

/** What a reaction was told, without what belongs to every context. */
const toldOf = ({
  added,
  changed,
  removed,
}: Record<'added' | 'changed' | 'removed', readonly unknown[]>) => ({
  ...(added.length > 0 && { added }),
  ...(changed.length > 0 && { changed }),
  ...(removed.length > 0 && { removed }),
})

test('[E8] a reaction is told of what users, handlers, jobs, the server and other reactions change, and by whom', async () => {
  const told: unknown[] = []
  await using world = await start(
    base.react({
      changed: {
        notes: ({ added, by }) => void told.push([added.map(({ key }) => key), by]),
        title: ({ state }) => state.notes.set('by a reaction', { text: state.title.toString() }),
      },
    }),
  )
  const ada = await join(world)
  const last = async (count: number) => {
    await until(() => told.length === count)
    return told.at(-1)
  }
  ada.state.notes.set('an edit', { text: '' })
  expect(await last(1)).toEqual([['an edit'], ['ada']])
  await (await join(world, 'bob')).dispatch('note', { key: 'an event', text: '' })
  expect(await last(2)).toEqual([['an event'], ['bob']])
  await ada.dispatch('later', { key: 'a job' })
  expect(await last(3)).toEqual([['a job'], []])
  await world.server.room(wall, params).change(({ state }) => state.notes.set('a step', { text: '' }))
  expect(await last(4)).toEqual([['a step'], []])
  ada.state.title.insert(0, 'x')
  expect(await last(5)).toEqual([['by a reaction'], []])
})

test('[E8] every kind of field tells what is another, with what was there before', async () => {
  const told = new Map<string, unknown[]>()
  const tell = (field: string) => (context: Told) =>
    void told.set(field, [...(told.get(field) ?? []), toldOf(context)])
  await using world = await start(
    base.react({
      changed: {
        notes: tell('notes'),
        cards: tell('cards'),
        queue: tell('queue'),
        rows: tell('rows'),
        meta: tell('meta'),
        score: tell('score'),
        status: tell('status'),
        title: tell('title'),
      },
    }),
  )
  const { state } = await join(world)
  const after = async (field: string, write: () => void) => {
    const { length } = told.get(field) ?? []
    write()
    await until(() => (told.get(field) ?? []).length > length)
    return told.get(field)!.slice(length)
  }

  const note = { text: 'a', stars: 0 }
  expect(await after('notes', () => state.notes.set('a', note))).toEqual([
    { added: [{ key: 'a', value: note }] },
  ])
  expect(await after('notes', () => state.notes.update('a', { stars: 5 }))).toEqual([
    { changed: [{ key: 'a', value: { text: 'a', stars: 5 }, before: note }] },
  ])
  expect(await after('notes', () => state.notes.delete('a'))).toEqual([
    { removed: [{ key: 'a', before: { text: 'a', stars: 5 } }] },
  ])

  const card = { title: 'b', done: false, dots: 0 }
  expect(await after('cards', () => state.cards.set('b', { title: 'b' }))).toEqual([
    { added: [{ key: 'b', value: card }] },
  ])
  expect(await after('cards', () => state.cards.get('b')!.title.insert(1, '!'))).toEqual([
    { changed: [{ key: 'b', value: { ...card, title: 'b!' } }] },
  ])
  expect(await after('cards', () => state.cards.get('b')!.dots.add(2))).toEqual([
    { changed: [{ key: 'b', value: { title: 'b!', done: false, dots: 2 } }] },
  ])
  expect(await after('cards', () => state.cards.delete('b'))).toEqual([{ removed: [{ key: 'b' }] }])

  expect(await after('queue', () => state.queue.push('x', 'y'))).toEqual([
    {
      added: [
        { key: '', value: 'x' },
        { key: '', value: 'y' },
      ],
    },
  ])
  expect(await after('queue', () => state.queue.delete(0))).toEqual([{ removed: [{ key: '', before: 'x' }] }])
  expect(await after('rows', () => state.rows.push({ name: 'r' }, {}))).toEqual([
    {
      added: [
        { key: '', value: { name: 'r' } },
        { key: '', value: {} },
      ],
    },
  ])
  expect(await after('rows', () => state.rows.get(1)!.name.set('s'))).toEqual([
    { changed: [{ key: '', value: { name: 's' } }] },
  ])
  expect(await after('rows', () => state.rows.delete(0))).toEqual([{ removed: [{ key: '' }] }])

  expect(await after('meta', () => state.meta.name.set('plan'))).toEqual([
    { changed: [{ key: 'name', value: 'plan', before: 'untitled' }] },
  ])
  expect(await after('meta', () => state.meta.name.delete())).toEqual([
    { changed: [{ key: 'name', value: 'untitled', before: 'plan' }] },
  ])
  expect(await after('meta', () => state.meta.body.insert(0, 'hi'))).toEqual([
    { changed: [{ key: 'body', value: 'hi' }] },
  ])
  expect(await after('meta', () => state.meta.votes.add(1))).toEqual([
    { changed: [{ key: 'votes', value: 1 }] },
  ])

  expect(await after('score', () => state.score.add(2))).toEqual([
    { changed: [{ key: '', value: 2, before: 0 }] },
  ])
  expect(await after('score', () => state.score.add(0.5))).toEqual([
    { changed: [{ key: '', value: 2.5, before: 2 }] },
  ])
  expect(await after('status', () => state.status.set('closed'))).toEqual([
    { changed: [{ key: '', value: 'closed', before: 'open' }] },
  ])
  expect(await after('title', () => state.title.insert(0, 'T'))).toEqual([
    { changed: [{ key: '', value: 'T' }] },
  ])
})

test('[E8] what happens in one turn is told together, and what came and went again not at all', async () => {
  const told: unknown[] = []
  await using world = await start(
    base.react({
      changed: {
        notes: (context) => void told.push(toldOf(context)),
        queue: (context) => void told.push(toldOf(context)),
        score: (context) => void told.push(toldOf(context)),
        status: (context) => void told.push(toldOf(context)),
        title: () => void told.push('title'),
      },
    }),
  )
  const { state, doc } = await join(world)
  doc.transact(() => {
    state.notes.set('a', { text: '' })
    state.notes.set('b', { text: '' })
    state.notes.delete('a')
    state.queue.push('x')
    state.queue.delete(0)
    state.score.add(1)
    state.score.add(-1)
    state.status.set('closed')
    state.status.set('open')
  })
  // Not in one transaction, but in one turn.
  state.queue.push('y')
  state.queue.delete(0)
  state.title.insert(0, 'the last')
  await until(() => told.includes('title'))
  expect(told).toEqual([{ added: [{ key: 'b', value: { text: '', stars: 0 } }] }, 'title'])
})

test('[E8] edits that arrive while a reaction runs are told to its next run', async () => {
  const told: string[][] = []
  let go = () => {}
  await using world = await start(
    base.react({
      changed: {
        notes: async ({ added, state }) => {
          told.push(added.map(({ key }) => key))
          await new Promise<void>((resolve) => {
            go = resolve
          })
          state.seen.add(added.length)
        },
      },
    }),
  )
  const { state } = await join(world)
  state.notes.set('a', { text: '' })
  await until(() => told.length === 1)
  state.notes.set('b', { text: '' })
  const bob = await join(world, 'bob')
  bob.state.notes.set('c', { text: '' })
  await until(() => bob.state.notes.size === 3 && bob.status.at === 'synced' && state.notes.size === 3)
  expect(told).toEqual([['a']])
  go()
  await until(() => told.length === 2)
  go()
  await until(() => bob.state.seen.value === 3)
  expect(told).toEqual([['a'], ['b', 'c']])
})

test('[E8] a reaction that throws has seen its change: it is reported, leaves nothing, and is not run again', async () => {
  await using folder = await temporaryFolder()
  let runs = 0
  const failing = base.react({
    changed: {
      notes: async ({ state, fail }) => {
        runs += 1
        state.seen.add(1)
        await turn()
        if (runs === 1) throw new Error('a bug')
        fail('conflict', 'Not like this.')
      },
    },
  })
  const options = { log: undefined, folder: folder.path }
  {
    await using world = await start(failing, options)
    const room = await join(world)
    const { state } = room
    state.notes.set('a', { text: '' })
    await until(() => runs === 1)
    state.notes.set('b', { text: '' })
    await until(() => runs === 2)
    await room.dispatch('log', { line: 'after it' })
    expect(JSON.stringify(world.errors)).toContain('a bug')
    await until(() => JSON.stringify(world.errors).includes('Not like this.'))
  }
  await using world = await start(failing, options)
  const room = await join(world)
  const { state } = room
  await room.dispatch('log', { line: 'and again' })
  await turn()
  expect(runs).toBe(2)
  expect(state.seen.value).toBe(0)
  expect(state.notes.size).toBe(2)
})

test('[E8] its own changes do not set a reaction off, and reactions that set each other off are cut', async () => {
  const runs = { notes: 0, queue: 0, score: 0 }
  await using world = await start(
    base.react({
      changed: {
        notes: ({ state }) => {
          runs.notes += 1
          state.notes.set('count', { text: String(runs.notes) })
        },
        queue: ({ state }) => {
          runs.queue += 1
          state.score.add(1)
        },
        score: ({ state }) => {
          runs.score += 1
          state.queue.push('again')
        },
      },
    }),
  )
  const room = await join(world)
  const { state } = room
  state.notes.set('a', { text: '' })
  await until(() => state.notes.get('count')?.text === '1')
  state.queue.push('begin')
  const loops = async () => {
    const metrics = await (await fetch(`${world.http}/metrics`)).text()
    return Number(/^interplay_reaction_loops_total (\d+)/m.exec(metrics)![1])
  }
  while ((await loops()) === 0) await turn()
  expect(world.errors).toEqual([{ room: 'wall/one', field: 'score' }])
  const total = runs.queue + runs.score
  expect(total).toBe(9)
  await room.dispatch('log', { line: 'the room lives' })
  expect(runs.notes).toBe(1)
  // What a user does after it is not cut.
  state.queue.push('begin again')
  while ((await loops()) === 1) await turn()
  expect(runs.queue + runs.score).toBe(2 * total)
})

test('[E8] a reaction begins where the room is, in an empty room at the beginning, and where it is swapped in', async () => {
  await using folder = await temporaryFolder()
  const options = { log: undefined, folder: folder.path }
  const told: string[] = []
  const watching = (name: string) =>
    base.react({
      changed: { notes: ({ added }) => void told.push(...added.map(({ key }) => `${name}: ${key}`)) },
    })
  const add = async (world: World, key: string) => {
    const room = await join(world)
    const { state } = room
    state.notes.set(key, { text: '' })
    await room.dispatch('log', { line: key })
  }
  const toldNow = async (count: number) => {
    await until(() => told.length >= count)
    return told
  }
  {
    await using world = await start(base, options)
    await add(world, 'before')
  }
  {
    await using world = await start(watching('first'), options)
    await add(world, 'a')
    expect(await toldNow(1)).toEqual(['first: a'])
    // Code that is replaced goes on where the old was.
    world.server.replace([watching('second')])
    await add(world, 'b')
    expect(await toldNow(2)).toEqual(['first: a', 'second: b'])
    world.server.replace([base])
    world.server.replace([watching('third')])
    await add(world, 'c')
    expect((await toldNow(3)).at(-1)).toEqual('third: c')
    // What happened while there was no reaction was due to none.
    world.server.replace([base])
    await add(world, 'unseen')
    world.server.replace([watching('fourth')])
    await add(world, 'd')
    expect((await toldNow(4)).at(-1)).toEqual('fourth: d')
    world.server.replace([base])
    await add(world, 'unseen too')
  }
  {
    await using world = await start(watching('fifth'), options)
    await add(world, 'e')
    expect((await toldNow(5)).at(-1)).toEqual('fifth: e')
  }
  expect(told).toHaveLength(5)
})

test('reactions to comings and goings run in their order, each once', async () => {
  const visited = base.react({
    opened: ({ state }) => state.log.push('opened'),
    joined: ({ actor, state }) => state.log.push(`joined ${actor.userId}`),
    left: ({ actor, state }) => state.log.push(`left ${actor.userId}`),
    idle: ({ state }) => state.log.push('idle'),
  })
  await using world = await start(visited, { unloadAfterMs: 5 })
  const unloaded = async () => {
    for (;;) {
      const metrics = await (await fetch(`${world.http}/metrics`)).text()
      if (/^interplay_rooms 0/m.test(metrics)) return
      await turn()
    }
  }
  const client = world.client({ token: () => 'ada' })
  const ada = client.join(wall, params)
  await ada.ready
  await ada.dispatch('log', { line: 'an event' })
  const other = world.client({ token: () => 'bob' })
  const bob = other.join(wall, params)
  await until(() => [...ada.state.log].includes('joined bob'))
  client.close()
  await until(() => [...bob.state.log].includes('left ada'))
  other.close()
  await unloaded()
  const eve = await join(world, 'eve')
  await until(() => [...eve.state.log].includes('joined eve'))
  expect([...eve.state.log]).toEqual([
    'opened',
    'joined ada',
    'an event',
    'joined bob',
    'left ada',
    'left bob',
    'idle',
    'opened',
    'joined eve',
  ])
})
