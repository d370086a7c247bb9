import * as Y from 'yjs'
import { InterplayError } from '../error.ts'
import type { SharedField } from '../fields.ts'

export type SharedType = Y.Text | Y.XmlFragment | Y.Array<unknown> | Y.Map<unknown>

/** Where a shared type lives. It may be missing, or be of another kind in a document that another version wrote. */
export interface Place<T extends SharedType> {
  /** The shared type, or `undefined` when it is missing or of another kind. */
  read(): T | undefined
  /** The shared type; makes it when it is missing. Only inside a write. */
  open(): T
  /** Calls back after each transaction that changed it. Returns the stop. */
  observe(listener: () => void): () => void
}

type Constructor<T> = new () => T

/** The constructor of a field's shared type. */
export const typeOf: Record<SharedField['kind'], Constructor<SharedType>> = {
  text: Y.Text,
  richText: Y.XmlFragment,
  list: Y.Array,
  map: Y.Map,
  record: Y.Map,
  counter: Y.Map,
}

/** A root type of the document. */
export function rootPlace(doc: Y.Doc, name: string, kind: Constructor<SharedType>): Place<SharedType> {
  let type: SharedType | undefined
  const open = () => {
    try {
      type ??= doc.get(name, kind as never) as unknown as SharedType
      return type
    } catch (cause) {
      const message = `The document has "${name}" as another kind of shared type than the state defines. Read it through the state, or give it another name.`
      throw new InterplayError('conflict', message, { cause })
    }
  }
  const read = () => {
    try {
      return open()
    } catch {
      return undefined
    }
  }
  return { read, open, observe: (listener) => observeType(open(), listener) }
}

/** A shared type that is known: an element of a map or list. */
export function typePlace(type: SharedType): Place<SharedType> {
  return { read: () => type, open: () => type, observe: (listener) => observeType(type, listener) }
}

/** A shared type under a key of a map: the child of a record that is an element. */
export function keyPlace(
  parent: Place<Y.Map<unknown>>,
  key: string,
  kind: Constructor<SharedType>,
): Place<SharedType> {
  const read = () => {
    const type = parent.read()?.get(key)
    return type instanceof kind ? type : undefined
  }
  const open = () => read() ?? (parent.open().set(key, new kind()) as SharedType)
  return { read, open, observe: (listener) => observeKey(parent, key, listener) }
}

/** Calls back after each transaction that changed this key of a map, or something inside its value. */
export function observeKey(parent: Place<Y.Map<unknown>>, key: string, listener: () => void): () => void {
  const type = parent.read()
  if (!type) return parent.observe(listener)
  const observer = (events: readonly Y.YEvent<never>[]) => {
    const touched = events.some((event) =>
      (event.target as unknown) === type
        ? (event as unknown as Y.YMapEvent<unknown>).keysChanged.has(key)
        : event.path[0] === key,
    )
    if (touched) callSafely(listener)
  }
  type.observeDeep(observer as never)
  return () => type.unobserveDeep(observer as never)
}

/** Calls back once after each transaction that changed any of these types, or something in them. */
export function observeTypes(doc: Y.Doc, types: readonly SharedType[], listener: () => void): () => void {
  const observer = ({ changedParentTypes }: Y.Transaction) => {
    if (types.some((type) => changedParentTypes.has(type as never))) callSafely(listener)
  }
  doc.on('afterTransaction', observer)
  return () => doc.off('afterTransaction', observer)
}

function observeType(type: SharedType, listener: () => void): () => void {
  const observer = () => callSafely(listener)
  type.observeDeep(observer)
  return () => type.unobserveDeep(observer)
}

/** A listener that throws must not end the write or the sync that caused it. */
function callSafely(listener: () => void) {
  try {
    listener()
  } catch (error) {
    const report = (globalThis as { reportError?: (error: unknown) => void }).reportError ?? console.error
    report(error)
  }
}
