import type { StateOf } from '@interplay/shared'
import type * as Y from 'yjs'
import type { board } from '../board.ts'
import type { BoardElement } from '../element.ts'
import { type Agreed, localChanges, remoteChanges, type SceneElement, stampOf } from './scene.ts'

/** Changes of others that arrive within this time are shown together: one frame. */
const showEveryMs = 16

/** An image, as editor and state know it. */
export interface SceneFile {
  readonly id: string
  readonly mimeType: string
  readonly dataURL: string
  readonly created: number
}

/** What the binding needs of an editor; `excalidraw-editor.ts` makes one out of Excalidraw. */
export interface SceneEditor<E extends SceneElement = SceneElement> {
  /** All elements of the scene, deleted ones too. The editor may change them in place. */
  elements(): readonly E[]
  /** Ids of what the user drags, resizes, draws or types in just now. */
  inHand(): ReadonlySet<string>
  /** Whether there is anything to see of a new element yet. */
  isDrawn(element: E): boolean
  /** Puts these into the scene at once, in place of those with the same ids, and not into the undo history. */
  show(elements: readonly (E | BoardElement)[]): void
  file(id: string): SceneFile | undefined
  addFiles(files: readonly SceneFile[]): void
}

/** The document to keep equal with, and its state. */
export interface SharedScene {
  readonly doc: Y.Doc
  readonly state: Pick<StateOf<typeof board>, 'elements' | 'files'>
}

export interface BindingOptions {
  /** Says what the state does not take, such as too large an image. It is taken off the scene again. */
  readonly onRefused: (ids: readonly string[], error: unknown) => void
  /** Runs `then` after `ms`; returns its stop. */
  readonly after?: (ms: number, then: () => void) => () => void
}

export interface Binding {
  /** To be called after every change of the scene, whoever made it. */
  changed(): void
  /** Writes what is not written yet, and ends. */
  stop(): void
}

/**
 * Keeps a scene and the shared state equal. The user's changes are written element by element and everybody else's are
 * shown, except in what the user has in hand: that stays under the hand, and whoever lets go last wins.
 */
export function bindScene<E extends SceneElement>(
  editor: SceneEditor<E>,
  { doc, state: { elements, files } }: SharedScene,
  { onRefused, after = afterTimeout }: BindingOptions,
): Binding {
  const agreed: Agreed = new Map()
  /** Ids of what others changed and the scene does not show yet. */
  const waiting = new Set<string>()
  const origin = {}
  let cancelWrite: (() => void) | null = null
  let cancelShow: (() => void) | null = null
  let showing = false

  function write() {
    cancelWrite?.()
    cancelWrite = null
    const { changed, removed } = localChanges(editor.elements(), agreed, editor.isDrawn)
    if (changed.length + removed.length === 0) return
    const refused: string[] = []
    let reason: unknown
    const attempt = (id: string, change: () => void) => {
      try {
        change()
        waiting.delete(id)
      } catch (error) {
        refused.push(id)
        reason = error
      }
    }
    doc.transact(() => {
      for (const id of removed) {
        attempt(id, () => {
          elements.delete(id)
          agreed.delete(id)
        })
      }
      for (const element of changed) {
        attempt(element.id, () => {
          writeFile(element)
          elements.set(element.id, element as SceneElement as BoardElement)
          agreed.set(element.id, stampOf(element))
        })
      }
    }, origin)
    if (refused.length === 0) return
    show(refused)
    onRefused(refused, reason)
  }

  function writeFile(element: SceneElement & { readonly fileId?: string | null }) {
    const file = element.fileId ? editor.file(element.fileId) : undefined
    if (!file || files.has(file.id)) return
    const { id, mimeType, dataURL, created } = file
    files.set(id, { id, mimeType, dataURL, created })
  }

  function show(ids: readonly string[]) {
    const scene = new Map(editor.elements().map((element) => [element.id, element]))
    const changes = remoteChanges(ids, scene, (id) => elements.get(id))
    for (const id of ids) if (!elements.has(id)) agreed.delete(id)
    if (changes.length === 0) return
    showing = true
    editor.show(changes)
    showing = false
    // The editor may mend what it is given (two elements in one place of the pile): that is no change of the user's.
    for (const element of editor.elements()) {
      const settled = !element.isDeleted && elements.has(element.id) && !waiting.has(element.id)
      if (settled) agreed.set(element.id, stampOf(element))
    }
  }

  function showWaiting() {
    cancelShow?.()
    cancelShow = null
    write()
    const inHand = editor.inHand()
    const free = [...waiting].filter((id) => !inHand.has(id))
    for (const id of free) waiting.delete(id)
    show(free)
  }

  function showFiles(ids: Iterable<string>) {
    const missing = [...ids].filter((id) => !editor.file(id)).flatMap((id) => files.get(id) ?? [])
    if (missing.length > 0) editor.addFiles(missing)
  }

  function onElements({ keysChanged }: Y.YMapEvent<unknown>, transaction: Y.Transaction) {
    if (transaction.origin === origin) return
    for (const id of keysChanged) waiting.add(id)
    cancelShow ??= after(showEveryMs, showWaiting)
  }

  function onFiles({ keysChanged }: Y.YMapEvent<unknown>, transaction: Y.Transaction) {
    if (transaction.origin !== origin) showFiles(keysChanged)
  }

  showFiles(files.keys())
  show([...elements.keys(), ...editor.elements().map(({ id }) => id)])
  elements.yjs.observe(onElements)
  files.yjs.observe(onFiles)

  return {
    changed() {
      if (showing) return
      if (editor.inHand().size > 0) {
        cancelWrite ??= after(pauseMs(editor), write)
      } else {
        write()
        if (waiting.size > 0) showWaiting()
      }
    },
    stop() {
      write()
      cancelShow?.()
      elements.yjs.unobserve(onElements)
      files.yjs.unobserve(onFiles)
    },
  }
}

/** Time between two writes of what the user has in hand. A stroke is written whole each time: a long one less often. */
function pauseMs(editor: SceneEditor): number {
  const inHand = editor.inHand()
  let points = 0
  for (const element of editor.elements() as readonly (SceneElement & { points?: unknown[] })[]) {
    if (inHand.has(element.id)) points += element.points?.length ?? 0
  }
  return Math.min(50 + points / 4, 400)
}

function afterTimeout(ms: number, then: () => void): () => void {
  const timer = setTimeout(then, ms)
  return () => clearTimeout(timer)
}
