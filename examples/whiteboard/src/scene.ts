/** The part of an Excalidraw element that tells what changed. */
export interface SceneElement {
  readonly id: string
  readonly version: number
  readonly versionNonce: number
  readonly isDeleted: boolean
}

/** Two versions of an element with the same stamp are equal. */
export type Stamp = `${number}.${number}`

/** The stamps at which the scene and the shared state last agreed, by element id. */
export type Agreed = Map<string, Stamp>

export function stampOf(element: Pick<SceneElement, 'version' | 'versionNonce'>): Stamp {
  return `${element.version}.${element.versionNonce}`
}

export interface LocalChanges<E> {
  /** To be written to the shared state as they are. */
  readonly changed: readonly E[]
  /** Ids to be removed from it. */
  readonly removed: readonly string[]
}

/** What the user changed in the scene since it last agreed with the shared state. `isDrawn` leaves out a mere click. */
export function localChanges<E extends SceneElement>(
  scene: readonly E[],
  agreed: Agreed,
  isDrawn: (element: E) => boolean,
): LocalChanges<E> {
  const changed: E[] = []
  const removed: string[] = []
  for (const element of scene) {
    const known = agreed.get(element.id)
    if (element.isDeleted) {
      if (known !== undefined) removed.push(element.id)
    } else if (known !== stampOf(element) && (known !== undefined || isDrawn(element))) {
      changed.push(element)
    }
  }
  return { changed, removed }
}

/**
 * What to put into the scene, so that these elements are as they are in the shared state, where the last writer wins:
 * no version numbers are compared. Elements that are gone there are deleted ones in the scene, as Excalidraw wants it.
 */
export function remoteChanges<E extends SceneElement, S extends SceneElement>(
  ids: Iterable<string>,
  scene: ReadonlyMap<string, E>,
  shared: (id: string) => S | undefined,
): (E | S)[] {
  const changes: (E | S)[] = []
  for (const id of ids) {
    const local = scene.get(id)
    const now = shared(id)
    // What the state holds is frozen, and Excalidraw changes its elements in place.
    if (now && (!local || local.isDeleted || stampOf(local) !== stampOf(now)))
      changes.push(structuredClone(now))
    if (!now && local && !local.isDeleted) changes.push(deleted(local))
  }
  return changes
}

function deleted<E extends SceneElement>(element: E): E {
  return { ...element, isDeleted: true, version: element.version + 1, versionNonce: element.versionNonce ^ 1 }
}
