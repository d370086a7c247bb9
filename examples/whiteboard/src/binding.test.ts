import { createState } from '@interplay/shared'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { board } from '../board.ts'
import type { BoardElement } from '../element.ts'
import { bindScene, type SceneEditor, type SceneFile } from './binding.ts'
import type { SceneElement } from './scene.ts'

type Drawn = BoardElement | (Omit<BoardElement, 'isDeleted'> & SceneElement)

function rectangle(id: string, x: number): BoardElement {
  const place = { x, y: 0, width: 10, height: 10, angle: 0, index: 'a0' }
  const links = { groupIds: [], frameId: null, boundElements: null, link: null }
  return { id, type: 'rectangle', ...place, ...links, version: 1, versionNonce: 1, isDeleted: false }
}

/** Runs what was to happen later when it is told to. */
function createTime() {
  const due = new Set<() => void>()
  return {
    after: (_ms: number, then: () => void) => {
      due.add(then)
      return () => due.delete(then)
    },
    pass() {
      for (const then of [...due]) {
        due.delete(then)
        then()
      }
    },
  }
}

/** A person at a board: a scene that changes in place, as Excalidraw's does, and a document. */
function createPerson(name: string, doc = new Y.Doc()) {
  const state = createState(board, doc, { writer: 'client', transact: (write) => doc.transact(write) })
  const time = createTime()
  const scene = new Map<string, Drawn>()
  const files = new Map<string, SceneFile>()
  const hand = new Set<string>()
  const refusals: string[] = []
  let updates = 0
  let nonce = name.charCodeAt(0) * 1000
  doc.on('update', (_update, origin) => {
    if (origin !== 'network') updates++
  })
  const editor: SceneEditor<Drawn> = {
    elements: () => [...scene.values()],
    inHand: () => hand,
    isDrawn: ({ width }) => width !== 0,
    show(elements) {
      for (const element of elements) scene.set(element.id, element)
      binding?.changed()
    },
    file: (id) => files.get(id),
    addFiles: (added) => {
      for (const file of added) files.set(file.id, file)
    },
  }
  let binding: ReturnType<typeof bindScene> | undefined
  const bind = () => {
    binding = bindScene(
      editor,
      { doc, state },
      { onRefused: (ids) => refusals.push(...ids), after: time.after },
    )
    return binding
  }
  bind()
  const edit = (id: string, change: Partial<Drawn>) => {
    const element = scene.get(id)
    if (!element) throw new Error(`${name} has no ${id}`)
    Object.assign(element, change, { version: element.version + 1, versionNonce: ++nonce })
    binding?.changed()
  }
  return {
    doc,
    state,
    scene,
    files,
    hand,
    refusals,
    time,
    bind,
    edit,
    get binding() {
      return binding!
    },
    get updates() {
      return updates
    },
    draw(id: string, x: number, more: object = {}) {
      scene.set(id, { ...rectangle(id, x), versionNonce: ++nonce, ...more } as Drawn)
      binding?.changed()
    },
    grab: (id: string) => hand.add(id),
    drop() {
      hand.clear()
      binding?.changed()
    },
    x: (id: string) => {
      const element = scene.get(id)
      return element && !element.isDeleted ? element.x : undefined
    },
  }
}

function sync(...people: ReturnType<typeof createPerson>[]) {
  for (const from of people) {
    for (const to of people) {
      if (from === to) continue
      const missing = Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc))
      Y.applyUpdate(to.doc, missing, 'network')
    }
  }
  for (const person of people) person.time.pass()
}

test('what one draws, moves and erases the other sees', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 1)
  sync(ada, ben)
  expect(ben.x('a')).toBe(1)
  ben.edit('a', { x: 5 })
  sync(ada, ben)
  expect(ada.x('a')).toBe(5)
  ada.edit('a', { isDeleted: true } as never)
  sync(ada, ben)
  expect(ben.x('a')).toBeUndefined()
  expect(ben.state.elements.size).toBe(0)
})

test('an undone deletion brings the element back for all', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 1)
  ada.edit('a', { isDeleted: true } as never)
  sync(ada, ben)
  ada.edit('a', { isDeleted: false } as never)
  sync(ada, ben)
  expect(ben.x('a')).toBe(1)
})

test('whoever only watches writes nothing', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 1)
  ada.draw('b', 2)
  sync(ada, ben)
  ada.edit('a', { isDeleted: true } as never)
  sync(ada, ben)
  ben.binding.changed()
  ben.time.pass()
  expect(ben.updates).toBe(0)
})

test('one change of many elements is one transaction', () => {
  const ada = createPerson('ada')
  ada.grab('a')
  ada.draw('a', 1)
  ada.draw('b', 2)
  ada.draw('c', 3)
  expect(ada.updates).toBe(0)
  ada.time.pass()
  expect(ada.updates).toBe(1)
  expect(ada.state.elements.size).toBe(3)
})

test('what is in the hand does not jump, and whoever lets go last wins', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 0)
  ada.draw('other', 0)
  sync(ada, ben)
  ben.grab('a')
  ben.edit('a', { x: 50 })
  ada.edit('a', { x: -50 })
  ada.edit('other', { x: 9 })
  sync(ada, ben)
  expect(ben.x('a')).toBe(50)
  expect(ben.x('other')).toBe(9)
  ben.edit('a', { x: 60 })
  ben.drop()
  sync(ada, ben)
  expect([ada.x('a'), ben.x('a')]).toEqual([60, 60])
})

test('what was held back is shown when the hand lets go without a change', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 0)
  sync(ada, ben)
  ben.grab('a')
  ada.edit('a', { x: -50 })
  sync(ada, ben)
  expect(ben.x('a')).toBe(0)
  ben.drop()
  expect(ben.x('a')).toBe(-50)
  expect(ben.updates).toBe(0)
})

test('an element that somebody drags survives its deletion by another', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 0)
  sync(ada, ben)
  ben.grab('a')
  ada.edit('a', { isDeleted: true } as never)
  sync(ada, ben)
  ben.edit('a', { x: 7 })
  ben.drop()
  sync(ada, ben)
  expect(ada.x('a')).toBe(7)
})

test('a scene that the editor mends on show is not written back', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.draw('a', 0)
  sync(ada, ben)
  const mended = ben.scene
  mended.set = function set(id, element) {
    return Map.prototype.set.call(this, id, {
      ...element,
      index: 'a1',
      version: element.version + 1,
    }) as typeof this
  }
  ada.edit('a', { x: 3 })
  sync(ada, ben)
  ben.binding.changed()
  expect(ben.x('a')).toBe(3)
  expect(ben.updates).toBe(0)
})

test('what the state does not take is taken off the scene, and the rest is kept', () => {
  const ada = createPerson('ada')
  ada.draw('a', 1)
  ada.edit('a', { x: Number.NaN })
  ada.draw('b', Number.NaN)
  ada.draw('c', 3)
  expect(ada.refusals).toEqual(['a', 'b'])
  expect([ada.x('a'), ada.x('b'), ada.x('c')]).toEqual([1, undefined, 3])
})

test('an image travels with its element', () => {
  const [ada, ben] = [createPerson('ada'), createPerson('ben')]
  ada.files.set('f', { id: 'f', mimeType: 'image/png', dataURL: 'data:image/png;base64,AA', created: 1 })
  ada.draw('a', 1, { type: 'image', fileId: 'f' })
  expect(ada.updates).toBe(1)
  sync(ada, ben)
  expect(ben.files.get('f')?.dataURL).toBe('data:image/png;base64,AA')
})

test('an image from elsewhere is refused', () => {
  const ada = createPerson('ada')
  ada.files.set('f', { id: 'f', mimeType: 'image/png', dataURL: 'https://example.org/a.png', created: 1 })
  ada.draw('a', 1, { type: 'image', fileId: 'f' })
  expect(ada.refusals).toEqual(['a'])
  expect(ada.state.elements.size).toBe(0)
})

test('bound anew to another document, the scene shows that one', () => {
  const ada = createPerson('ada')
  ada.draw('a', 1)
  ada.draw('b', 2)
  ada.binding.stop()
  const other = createPerson('other')
  other.draw('b', 20)
  other.draw('c', 30)
  const again = bindScene(
    {
      elements: () => [...ada.scene.values()],
      inHand: () => ada.hand,
      isDrawn: () => true,
      show: (elements) => {
        for (const element of elements) ada.scene.set(element.id, element)
      },
      file: () => undefined,
      addFiles: () => {},
    },
    other,
    { onRefused: () => {}, after: ada.time.after },
  )
  expect([ada.x('a'), ada.x('b'), ada.x('c')]).toEqual([undefined, 20, 30])
  again.stop()
  expect(other.state.elements.size).toBe(2)
})

test.each([1, 2, 3, 4711])('three people at once end with equal boards (seed %i)', (seed) => {
  const random = mulberry(seed)
  const people = ['ada', 'ben', 'cy'].map((name) => createPerson(name))
  const ids = ['a', 'b', 'c', 'd', 'e']
  for (let step = 0; step < 400; step++) {
    const person = people[Math.floor(random() * people.length)]!
    const id = ids[Math.floor(random() * ids.length)]!
    const roll = random()
    if (roll < 0.15) person.grab(id)
    else if (roll < 0.3) person.drop()
    else if (roll < 0.4) person.time.pass()
    else if (roll < 0.5) sync(...people)
    else if (person.x(id) === undefined) person.draw(id, step)
    else if (roll < 0.6) person.edit(id, { isDeleted: true } as never)
    else person.edit(id, { x: step })
  }
  for (const person of people) person.drop()
  sync(...people)
  sync(...people)
  const boards = people.map((person) => ids.map((id) => person.x(id)))
  const shared = ids.map((id) => people[0]!.state.elements.get(id)?.x)
  expect(boards).toEqual([shared, shared, shared])
})

function mulberry(seed: number) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
