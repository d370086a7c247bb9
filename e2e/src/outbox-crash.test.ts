import { expect, test } from 'vitest'
import { everyDeath, Mortal } from './crashes.ts'
import { operate } from './operate.ts'
import { startReceiver } from './receiver.ts'
import { until } from './until.ts'
import { temporaryFolder } from './world.ts'

const texts = ['0', '1', '2']

test('[E7] [E1] events for another room run there once and in order, wherever the server is killed', {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder()
  await using server = new Mortal({ folder: folder.path })
  await server.start()
  // The event that sends; three in the other room, and their ends; the end of the queue.
  for (const [index, death] of everyDeath(8).entries()) {
    const [from, to] = [`work/a${index}`, `b${index}`]
    const send = () => server.dispatch(from, 'send', 'event-1', { to, texts })
    await server.dieDuring(death, send)
    if ((await server.state(from)).asked === 0) await send()
    const { log: soFar } = await server.state(`work/${to}`)
    expect([death, soFar]).toEqual([death, texts.slice(0, soFar.length)])
    await until(async () => (await operate(server, from).jobs()).jobs.length === 0)
    await send()
    expect([death, (await server.state(`work/${to}`)).log]).toEqual([death, texts])
    expect((await server.state(from)).asked).toBe(1)
  }
  expect(await operate(server, 'work/a0').metric('interplay_tasks_dead')).toBe(0)
})

test('[E7] webhooks arrive in order, each with one id, none is lost, wherever the server is killed', {
  timeout: 240_000,
}, async () => {
  await using folder = await temporaryFolder()
  await using receiver = await startReceiver(({ text }, count) =>
    // The endpoint has a bad time of its own.
    text.endsWith('1') && count % 2 === 0 ? 500 : 200,
  )
  await using server = new Mortal({ folder: folder.path, webhooks: receiver.url })
  await server.start()
  const idsOf = new Map<string, Set<string>>()
  // The event that posts; three deliveries; the end of the queue.
  for (const [index, death] of everyDeath(5).entries()) {
    const name = `work/r${index}`
    const own = texts.map((text) => `${index}.${text}`)
    const post = () => server.dispatch(name, 'post', 'event-1', { texts: own })
    const before = receiver.accepted.length
    await server.dieDuring(death, post)
    if ((await server.state(name)).asked === 0) await post()
    await until(async () => (await operate(server, name).jobs()).jobs.length === 0)
    await post()
    const accepted = receiver.accepted.slice(before)
    expect([death, [...new Set(accepted)]]).toEqual([death, own])
    // One at the most was accepted, and the server did not live to note it.
    expect(accepted.length).toBeLessThanOrEqual(4)
    expect([death, accepted]).toEqual([death, accepted.toSorted()])
    expect((await server.state(name)).asked).toBe(1)
  }
  for (const { text, deliveryId } of receiver.received)
    idsOf.set(text, (idsOf.get(text) ?? new Set()).add(deliveryId))
  expect([...idsOf.values()].every(({ size }) => size === 1)).toBe(true)
  expect(idsOf.size).toBe(45)
})
