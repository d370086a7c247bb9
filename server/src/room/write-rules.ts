import * as Y from 'yjs'
import { type ScannedStruct, type StructId, structsIn, type UpdateScan } from './update-scan.ts'

/**
 * Which root types a client's update writes to: every struct and every deletion is followed to its root through its
 * parent or its neighbours, in the update first and then in the document.
 */
export function touchedRoots(scan: UpdateScan, document: Y.Doc): Set<string> {
  const roots = new Set<string>()
  const names = new Map<Y.AbstractType<unknown>, string | null>()
  const resolved = new Map<ScannedStruct, string | null>()
  const scanned = byClient(scan)

  const nameOf = (type: Y.AbstractType<unknown>): string | null => {
    let name = names.get(type)
    if (name === undefined) {
      const item = type._item
      name = item ? rootOfItem(item) : Y.findRootTypeKey(type)
      names.set(type, name)
    }
    return name
  }
  const rootOfItem = (item: Y.Item): string | null =>
    item.parent instanceof Y.AbstractType ? nameOf(item.parent) : null

  const rootOfStruct = (struct: ScannedStruct): string | null => {
    // A chain of neighbours can be as long as the update: walk it instead of recursing.
    const walked: ScannedStruct[] = []
    let at: ScannedStruct | undefined = struct
    let root: string | null = null
    while (at) {
      const known: string | null | undefined = resolved.get(at)
      if (known !== undefined) {
        root = known
        break
      }
      walked.push(at)
      resolved.set(at, null)
      if (!at.place) break
      if ('root' in at.place) {
        root = at.place.root
        break
      }
      const id: StructId = 'parent' in at.place ? at.place.parent : at.place.beside
      const next = structAt(scanned.get(id.client), id.clock)
      if (next) {
        at = next
        continue
      }
      const [item] = structsIn(document, { ...id, length: 1 })
      if (item instanceof Y.Item) root = rootOfItem(item)
      break
    }
    for (const each of walked) resolved.set(each, root)
    return root
  }

  for (const struct of scan.structs) {
    if (!struct.place || struct.clock + struct.length <= Y.getState(document.store, struct.client)) continue
    const root = rootOfStruct(struct)
    if (root !== null) roots.add(root)
  }
  for (const range of scan.deletes) {
    for (const struct of structsIn(document, range)) {
      if (struct.deleted || !(struct instanceof Y.Item)) continue
      const root = rootOfItem(struct)
      if (root !== null) roots.add(root)
    }
  }
  return roots
}

function byClient(scan: UpdateScan): Map<number, ScannedStruct[]> {
  const structs = new Map<number, ScannedStruct[]>()
  for (const struct of scan.structs) {
    const own = structs.get(struct.client)
    if (own) own.push(struct)
    else structs.set(struct.client, [struct])
  }
  return structs
}

/** The struct at a clock, by binary search: a client's structs stand in the order of their clocks. */
function structAt(structs: readonly ScannedStruct[] | undefined, clock: number): ScannedStruct | undefined {
  let low = 0
  let high = (structs?.length ?? 0) - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const struct = structs![middle]!
    if (clock < struct.clock) high = middle - 1
    else if (clock >= struct.clock + struct.length) low = middle + 1
    else return struct
  }
  return undefined
}
