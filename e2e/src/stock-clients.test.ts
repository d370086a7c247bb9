import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { expect, test } from 'vitest'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { until } from './until.ts'
import { startWorld, temporaryFolder, type World } from './world.ts'

function hocuspocus(world: World, name: string) {
  const document = new Y.Doc()
  const websocketProvider = new HocuspocusProviderWebsocket({ url: world.ws })
  const provider = new HocuspocusProvider({ name, document, websocketProvider })
  provider.attach()
  const dispose = () => {
    provider.destroy()
    websocketProvider.destroy()
  }
  return { document, provider, [Symbol.dispose]: dispose }
}

function yWebsocket(world: World, name: string) {
  const document = new Y.Doc()
  const provider = new WebsocketProvider(`${world.ws}/y`, name, document, { disableBc: true })
  return { document, provider, [Symbol.dispose]: () => provider.destroy() }
}

test('[S1] a Hocuspocus provider, a y-websocket client and the SDK meet in one document', async () => {
  await using world = await startWorld()
  using one = hocuspocus(world, 'notes')
  using two = yWebsocket(world, 'notes')
  const three = world.client().openRoom('notes')
  await three.ready

  one.document.getText('t').insert(0, 'hocuspocus ')
  two.document.getText('t').insert(0, 'y-websocket ')
  three.doc.getText('t').insert(0, 'sdk ')
  const texts = () =>
    [one, two, { document: three.doc }].map(({ document }) => document.getText('t').toString())
  await until(() => texts().every((text) => text.length === 'hocuspocus y-websocket sdk '.length))
  expect(new Set(texts()).size).toBe(1)
  await until(() => one.provider.unsyncedChanges === 0 && three.status.at === 'synced')
})

test('[P1] presence is seen across the dialects, and gone when its socket is', async () => {
  await using world = await startWorld()
  using one = hocuspocus(world, 'notes')
  const two = yWebsocket(world, 'notes')
  const three = world.client().openRoom<{ name: string }>('notes', { presence: { name: 'sdk' } })
  await three.ready
  one.provider.setAwarenessField('name', 'hocuspocus')
  two.provider.awareness.setLocalStateField('name', 'y-websocket')
  const names = () => [...three.awareness.getStates().values()].map((state) => state.name).sort()
  await until(() => names().join() === 'hocuspocus,sdk,y-websocket')
  await until(
    () => one.provider.awareness?.getStates().size === 3 && two.provider.awareness.getStates().size === 3,
  )
  two.provider.ws?.close()
  two.provider.destroy()
  await until(() => names().join() === 'hocuspocus,sdk', 1_000)
})

test('[S2] what a stock client wrote is there after a restart', async () => {
  await using folder = await temporaryFolder()
  {
    await using world = await startWorld({ folder: folder.path })
    using one = hocuspocus(world, 'constructor')
    one.document.getText('t').insert(0, 'kept')
    await until(() => one.provider.isSynced && one.provider.unsyncedChanges === 0)
  }
  await using world = await startWorld({ folder: folder.path })
  using two = yWebsocket(world, 'constructor')
  await until(() => two.document.getText('t').toString() === 'kept')
})
