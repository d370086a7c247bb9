import { CaptureUpdateAction, reconcileElements, restoreElements } from '@excalidraw/excalidraw'
import type { OrderedExcalidrawElement } from '@excalidraw/excalidraw/element/types'
import type { AppState, BinaryFileData, ExcalidrawImperativeAPI } from '@excalidraw/excalidraw/types'
import type { SceneEditor } from './binding.ts'
import type { SceneElement } from './scene.ts'

type Reconciled = Parameters<typeof reconcileElements>

/** Excalidraw as the binding wants it. */
export function excalidrawEditor(api: ExcalidrawImperativeAPI): SceneEditor<OrderedExcalidrawElement> {
  return {
    elements: () => api.getSceneElementsIncludingDeleted() as readonly OrderedExcalidrawElement[],
    inHand: () => inHand(api.getAppState()),
    isDrawn: (element) => isDrawn(element, api),
    show(changes) {
      const shown = new Set(changes.map(({ id }) => id))
      const others = api.getSceneElementsIncludingDeleted().filter(({ id }) => !shown.has(id))
      // One by one: together it would take gaps between their places in the pile for faults.
      const restored = changes.flatMap((element) => restore(element))
      // None of `restored` is in `others`, so this compares no versions: it sorts, and mends places taken twice.
      const elements = reconcileElements(
        others as Reconciled[0],
        restored as readonly SceneElement[] as Reconciled[1],
        api.getAppState(),
      )
      api.updateScene({ elements, captureUpdate: CaptureUpdateAction.NEVER })
    },
    file: (id) => api.getFiles()[id],
    addFiles: (files) => api.addFiles(files.map((file) => ({ ...file }) as BinaryFileData)),
  }
}

/** Fills in what another version of Excalidraw, or a hostile client, left out. */
export function restore(element: SceneElement): OrderedExcalidrawElement[] {
  if (element.isDeleted) return [element as OrderedExcalidrawElement]
  return restoreElements([element as OrderedExcalidrawElement], null)
}

function inHand(state: AppState): ReadonlySet<string> {
  const { selectedLinearElement, editingLinearElement } = state
  const handled = [
    state.newElement?.id,
    state.multiElement?.id,
    state.editingTextElement?.id,
    state.resizingElement?.id,
    editingLinearElement?.isDragging ? editingLinearElement.elementId : null,
    selectedLinearElement?.isDragging ? selectedLinearElement.elementId : null,
  ]
  const moving =
    state.selectedElementsAreBeingDragged || state.isResizing || state.isRotating || state.isCropping
  const selected = moving ? Object.keys(state.selectedElementIds) : []
  return new Set([...handled.filter((id) => id != null), ...selected])
}

/** Not yet: what a mere click with a drawing tool makes, and an image whose file is still being read. */
function isDrawn(element: OrderedExcalidrawElement, api: ExcalidrawImperativeAPI): boolean {
  if ('points' in element) return element.points.length > 1
  if (element.type === 'image') return element.fileId !== null && element.fileId in api.getFiles()
  return element.width !== 0 || element.height !== 0
}
