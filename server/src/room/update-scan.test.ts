import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { hasMissingDependency, isContained, scanUpdate } from './update-scan.ts'

/** Every kind of content that a client can write, in a document of its own. */
function writeEverything(document: Y.Doc): void {
  const text = document.getText('text')
  text.insert(0, 'a😀é漢')
  text.format(0, 1, { bold: true })
  text.insertEmbed(1, { image: 'x' })
  const list = document.getArray<unknown>('list')
  list.push([1, 'two', { three: [3, null, undefined, 4n] }, new Uint8Array([5])])
  const map = document.getMap<unknown>('map')
  map.set('nested', new Y.Map([['text', new Y.Text('inside')]]))
  map.set('list', Y.Array.from([1, 2]))
  map.set('document', new Y.Doc({ guid: 'g' }))
  const element = new Y.XmlElement('p')
  element.setAttribute('class', 'x')
  element.insert(0, [new Y.XmlText('xml'), new Y.XmlHook('hook') as never])
  document.getXmlFragment('xml').insert(0, [element])
  text.delete(0, 2)
  list.delete(1)
  map.delete('nested')
}

test('[S4] a scan reads what Yjs writes, to the last clock', () => {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  writeEverything(document)
  for (const update of [...updates, Y.encodeStateAsUpdate(document), Y.mergeUpdates(updates)]) {
    const scan = scanUpdate(update)
    const decoded = Y.decodeUpdate(update)
    const lengths = decoded.structs.map(({ id, length }) => ({ client: id.client, clock: id.clock, length }))
    expect(scan.structs.map(({ client, clock, length }) => ({ client, clock, length }))).toEqual(lengths)
  }
})

test('[S4] an update with a gap, merged from what is left, lacks something', () => {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (const letter of 'abcd') document.getText('t').insert(0, letter)
  const gap = Y.mergeUpdates([updates[0]!, updates[2]!])
  expect(hasMissingDependency(scanUpdate(gap), new Y.Doc())).toBe(true)
  expect(hasMissingDependency(scanUpdate(updates[3]!), new Y.Doc())).toBe(true)
  expect(hasMissingDependency(scanUpdate(Y.mergeUpdates(updates)), new Y.Doc())).toBe(false)
})

test('[S4] a deletion of something unknown lacks something', () => {
  const document = new Y.Doc()
  document.getText('t').insert(0, 'abc')
  const vector = Y.encodeStateVector(document)
  document.getText('t').delete(0, 1)
  const deletion = Y.encodeStateAsUpdate(document, vector)
  expect(hasMissingDependency(scanUpdate(deletion), new Y.Doc())).toBe(true)
})

test('a document contains what it has, deletions included', () => {
  const document = new Y.Doc()
  writeEverything(document)
  const update = Y.encodeStateAsUpdate(document)
  expect(isContained(scanUpdate(update), document)).toBe(true)
  const behind = new Y.Doc()
  Y.applyUpdate(behind, update)
  document.getText('text').delete(0, 1)
  expect(isContained(scanUpdate(Y.encodeStateAsUpdate(document)), behind)).toBe(false)
})

test('[S4] every truncation of an update is refused', () => {
  const document = new Y.Doc()
  writeEverything(document)
  const update = Y.encodeStateAsUpdate(document)
  for (let length = 0; length < update.length; length++) {
    expect(() => scanUpdate(update.subarray(0, length))).toThrow()
  }
})

test('[G2] counts that no bytes stand behind are refused', () => {
  for (const [clients, structs, deletes] of [
    [1, 2 ** 24, 0],
    [2 ** 24, 0, 0],
    [0, 0, 2 ** 24],
  ] as const) {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, clients)
    if (clients > 0) {
      encoding.writeVarUint(encoder, structs)
      encoding.writeVarUint(encoder, 7)
      encoding.writeVarUint(encoder, 0)
    }
    encoding.writeVarUint(encoder, deletes)
    expect(() => scanUpdate(encoding.toUint8Array(encoder))).toThrow()
  }
})

test('[G2] what a scan accepts, Yjs takes without throwing (seed 4711)', () => {
  const document = new Y.Doc()
  writeEverything(document)
  const update = Y.encodeStateAsUpdate(document)
  const mutation = fc.array(fc.tuple(fc.nat(update.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(mutation, (changes) => {
      const bytes = update.slice()
      for (const [at, byte] of changes) bytes[at] = byte
      try {
        scanUpdate(bytes)
      } catch {
        return
      }
      try {
        Y.applyUpdate(new Y.Doc(), bytes)
      } catch (error) {
        // Texts that are no UTF-8 pass the scan; Yjs refuses them before it has changed anything.
        expect(String(error)).toMatch(/encoded data was not valid/)
      }
    }),
    { seed: 4711, numRuns: 3_000 },
  )
})
