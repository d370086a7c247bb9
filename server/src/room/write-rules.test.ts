import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { scanUpdate } from './update-scan.ts'
import { touchedRoots } from './write-rules.ts'

/** The roots that an edit of a copy touches, seen from the document before the edit. */
function touched(document: Y.Doc, edit: (copy: Y.Doc) => void): string[] {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(document))
  const vector = Y.encodeStateVector(copy)
  edit(copy)
  return [...touchedRoots(scanUpdate(Y.encodeStateAsUpdate(copy, vector)), document)].sort()
}

function furnished(): Y.Doc {
  const document = new Y.Doc()
  document.getText('title').insert(0, 'Title')
  document.getMap('notes').set('a', new Y.Map([['text', new Y.Text('note')]]))
  document.getArray('list').push([1, 2, 3])
  return document
}

const noteText = (document: Y.Doc) =>
  (document.getMap('notes').get('a') as Y.Map<unknown>).get('text') as Y.Text

test('[S5] an edit is followed to its root: beside, inside, through a new parent', () => {
  const document = furnished()
  expect(touched(document, (copy) => copy.getText('title').insert(2, 'x'))).toEqual(['title'])
  expect(touched(document, (copy) => copy.getText('fresh').insert(0, 'x'))).toEqual(['fresh'])
  expect(touched(document, (copy) => noteText(copy).insert(0, 'x'))).toEqual(['notes'])
  expect(touched(document, (copy) => noteText(copy).insert(4, 'x'))).toEqual(['notes'])
  expect(
    touched(document, (copy) => copy.getMap('notes').set('b', new Y.Map([['deep', new Y.Text('x')]]))),
  ).toEqual(['notes'])
})

test('[S5] a deletion is followed to its root', () => {
  const document = furnished()
  const edit = (copy: Y.Doc) => {
    copy.getArray('list').delete(1, 1)
    noteText(copy).delete(0, 2)
  }
  expect(touched(document, edit).filter((root) => root === 'list' || root === 'notes')).toEqual([
    'list',
    'notes',
  ])
})

test('[S5] overwriting a key touches its map', () => {
  expect(touched(furnished(), (copy) => copy.getMap('notes').set('a', 1))).toEqual(['notes'])
})

test('[S5] a long chain of neighbours is followed without recursion', () => {
  const copy = new Y.Doc()
  const text = copy.getText('title')
  for (let index = 0; index < 20_000; index++) text.insert(index === 0 ? 0 : index - 1, 'x')
  expect([...touchedRoots(scanUpdate(Y.encodeStateAsUpdate(copy)), new Y.Doc())]).toEqual(['title'])
})
