import { implement, memoryLog, sqliteLog, type UpdateLog } from '@interplay/server'
import { defineRoom, event, list, text } from '@interplay/shared'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { heldLog } from './held-log.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

const none = { durability: 'none' } as const
const Name = z.object({ name: z.string() })
const table = defineRoom('table/:tableId', {
  state: { title: text(), marks: list(z.string(), { writers: 'handlers' }) },
  signals: { mark: Name },
  events: {
    keep: event(Name, z.number()),
    tell: event(Name, z.string()),
    mark: event(Name, z.number(), none),
    wave: event(Name, z.string(), none),
    read: event(undefined, z.string(), none),
    break: event(Name, undefined, none),
    refuse: event(Name, undefined, none),
  },
})

/** How often each handler ran. */
const runs = new Map<string, number>()

const tableRoom = implement(table)
  .use(({ event }, next) => {
    runs.set(event, (runs.get(event) ?? 0) + 1)
    return next()
  })
  .on({
    keep: ({ input, state }) => {
      state.marks.push(`keep ${input.name}`)
      return state.marks.length
    },
    tell: ({ input, signal }) => {
      signal('mark', input)
      return input.name
    },
    mark: ({ input, state, signal }) => {
      state.marks.push(`mark ${input.name}`)
      signal('mark', input)
      return state.marks.length
    },
    wave: ({ input, signal }) => {
      signal('mark', input)
      return input.name
    },
    read: ({ state }) => state.title.toString(),
    break: ({ input, state, signal }) => {
      state.marks.push(`break ${input.name}`)
      signal('mark', input)
      throw new Error('a bug')
    },
    refuse: {
      guard: ({ input, state }) => {
        state.marks.push(`refuse ${input.name}`)
        return false
      },
      handle: () => {},
    },
  })

const name = 'table/one'

function start(log: UpdateLog = memoryLog()) {
  runs.clear()
  return startWorld({ rooms: [tableRoom], log, closeDeadlineMs: 1_000 })
}

async function enter(world: World) {
  const room = world.client().join(table, { tableId: 'one' })
  await room.ready
  return room
}

/** Everything that the log has of the room, apart from its updates. */
async function kept(log: UpdateLog) {
  const [{ position, updates }, ids, journal] = await Promise.all([
    log.load(name),
    log.eventIds(name, '', 100),
    log.journal(name, 0, 100),
  ])
  return { position, updates: updates.length, replies: ids.length, journal: journal.length }
}

test('an event of durability none is answered and seen by all while the log hangs; one of the log waits', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const [ada, bob] = [await enter(world), await enter(world)]
  const heard: string[] = []
  bob.onSignal('mark', (signal) => heard.push(signal.name))
  held.hold()
  expect(await ada.dispatch('mark', { name: 'a' })).toBe(1)
  expect(ada.state.marks.toJSON()).toEqual(['mark a'])
  await until(() => bob.state.marks.length === 1 && heard.length === 1)
  expect(await bob.dispatch('wave', { name: 'b' })).toBe('b')
  expect(await ada.dispatch('mark', { name: 'c' })).toBe(2)
  let answered = false
  const waiting = ada.dispatch('keep', { name: 'd' }).then((count) => {
    answered = true
    return count
  })
  await until(() => runs.get('keep') === 1)
  bob.state.title.insert(0, 'meanwhile')
  await until(() => ada.state.title.length > 0)
  expect([answered, bob.state.marks.length]).toEqual([false, 2])
  held.release()
  expect(await waiting).toBe(3)
  await until(() => bob.state.marks.length === 3)
})

test('[E2] on top of a change that is on its way to the log, an event of durability none waits for it', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const [ada, bob] = [await enter(world), await enter(world)]
  held.hold()
  const order: string[] = []
  const ask = (event: 'keep' | 'mark', mark: string) =>
    ada.dispatch(event, { name: mark }).then((count) => order.push(`${event} ${mark} ${count}`))
  const all = [
    ask('mark', '1'),
    ask('keep', '2'),
    ask('mark', '3'),
    ask('mark', '4'),
    ask('keep', '5'),
    ask('mark', '6'),
  ]
  await all[0]
  await until(() => runs.get('keep') === 2 && runs.get('mark') === 4)
  bob.state.title.insert(0, 'meanwhile')
  await until(() => ada.state.title.length > 0)
  expect(order).toEqual(['mark 1 1'])
  held.release()
  await Promise.all(all)
  expect(order).toEqual(['mark 1 1', 'keep 2 2', 'mark 3 3', 'mark 4 4', 'keep 5 5', 'mark 6 6'])
  const marks = ['mark 1', 'keep 2', 'mark 3', 'mark 4', 'keep 5', 'mark 6']
  expect(ada.state.marks.toJSON()).toEqual(marks)
  await until(() => bob.state.marks.length === 6)
  expect(bob.state.marks.toJSON()).toEqual(marks)
})

test('[E2] what a session signals is heard in the order of its events, whatever their durability', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const [ada, bob] = [await enter(world), await enter(world)]
  const heard: string[] = []
  bob.onSignal('mark', (signal) => heard.push(signal.name))
  held.hold()
  const all = [
    ada.dispatch('tell', { name: '1' }),
    ada.dispatch('wave', { name: '2' }),
    ada.dispatch('mark', { name: '3' }),
    ada.dispatch('tell', { name: '4' }),
  ]
  await until(() => runs.get('tell') === 2)
  held.release()
  await Promise.all(all)
  await until(() => heard.length === 4)
  expect(heard).toEqual(['1', '2', '3', '4'])
})

test('[E2] many events of both kinds run and take effect in their order', async () => {
  await using folder = await temporaryFolder()
  await using world = await start(sqliteLog(folder.path))
  const [ada, bob] = [await enter(world), await enter(world)]
  const heard: string[] = []
  bob.onSignal('mark', (signal) => heard.push(signal.name))
  const answers = Array.from({ length: 400 }, (_, index) =>
    ada.dispatch((['keep', 'mark', 'mark', 'tell', 'wave'] as const)[index % 5]!, { name: `${index}` }),
  )
  await Promise.all(answers)
  const of = (events: string[]) =>
    Array.from({ length: 400 }, (_, index) => [['keep', 'mark', 'mark', 'tell', 'wave'][index % 5]!, index])
      .filter(([event]) => events.includes(event as string))
      .map(([event, index]) => [event, index].join(' '))
  expect(ada.state.marks.toJSON()).toEqual(of(['keep', 'mark']))
  await until(() => heard.length === 320)
  expect(heard).toEqual(of(['mark', 'tell', 'wave']).map((entry) => entry.split(' ')[1]))
})

test('nothing is stored of it but its change: the same id runs again', async () => {
  const log = memoryLog()
  await using world = await start(log)
  using wire = await (await WireClient.connect(world)).join(name)
  for (let attempt = 0; attempt < 2; attempt++) {
    wire.runtime.length = 0
    wire.dispatch(name, 'same', 'wave', { name: 'a' }, attempt)
    expect(await wire.answered('same')).toEqual({ ok: true, output: 'a' })
  }
  expect(runs.get('wave')).toBe(2)
  expect(await kept(log)).toEqual({ position: 0, updates: 0, replies: 0, journal: 0 })
  for (const event of ['break', 'refuse', 'mark']) {
    wire.dispatch(name, event, event, { name: 'b' })
    await wire.answered(event)
  }
  await until(() => wire.frames.some(({ sync }) => sync === 2))
  wire.dispatch(name, 'bad', 'mark', { name: 7 })
  expect(await wire.answered('bad')).toMatchObject({ ok: false, error: { code: 'invalid-input' } })
  await world.server.room(table, { tableId: 'one' }).change(() => {})
  expect(await kept(log)).toMatchObject({ updates: 1, replies: 0, journal: 0 })
})

test('nothing is stored of one that had to wait for the log, either', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const ada = await enter(world)
  held.hold()
  const all = [
    ada.dispatch('keep', { name: 'a' }),
    ada.dispatch('wave', { name: 'b' }),
    ada.dispatch('break', { name: 'c' }).catch(({ code }) => code),
    ada.dispatch('read'),
  ]
  await until(() => held.waiting > 0)
  held.release()
  expect(await Promise.all(all)).toEqual([1, 'b', 'internal', ''])
  expect(await kept(held.log)).toEqual({ position: 1, updates: 1, replies: 1, journal: 1 })
})

test('[E3] one that fails leaves no trace, and the room goes on', async () => {
  await using world = await start()
  const [ada, bob] = [await enter(world), await enter(world)]
  const heard: string[] = []
  bob.onSignal('mark', (signal) => heard.push(signal.name))
  await expect(ada.dispatch('break', { name: 'a' })).rejects.toMatchObject({ code: 'internal' })
  await expect(ada.dispatch('refuse', { name: 'b' })).rejects.toMatchObject({ code: 'forbidden' })
  expect(await ada.dispatch('mark', { name: 'c' })).toBe(1)
  expect(await ada.dispatch('keep', { name: 'd' })).toBe(2)
  await until(() => bob.state.marks.length === 2 && heard.length === 1)
  expect(bob.state.marks.toJSON()).toEqual(['mark c', 'keep d'])
  expect(heard).toEqual(['c'])
})

test('[E5] edits made before it are in the state its handler sees, also while the log hangs', async () => {
  const held = heldLog()
  await using world = await start(held.log)
  const ada = await enter(world)
  held.hold()
  for (let index = 0; index < 30; index++) {
    ada.state.title.insert(0, 'x')
    expect(await ada.dispatch('read')).toBe('x'.repeat(index + 1))
    if (index % 5 === 0) await ada.dispatch('mark', { name: `${index}` })
  }
  expect(ada.status).toMatchObject({ at: 'unsaved', edits: 30, events: 0 })
  held.release()
  await until(() => ada.status.at === 'synced')
})

test('its change is there after a restart, once the log had the time', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await start(sqliteLog(folder.path))
    const ada = await enter(world)
    await ada.dispatch('mark', { name: 'a' })
    await ada.dispatch('mark', { name: 'b' })
  }
  await using world = await start(sqliteLog(folder.path))
  const ada = await enter(world)
  expect(ada.state.marks.toJSON()).toEqual(['mark a', 'mark b'])
  expect(await ada.dispatch('keep', { name: 'c' })).toBe(3)
})
