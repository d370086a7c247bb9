import type * as Y from 'yjs'
import { InterplayError } from '../error.ts'

export type SharedType = Y.Text | Y.XmlFragment | Y.Array<unknown> | Y.Map<unknown>
export type YMap = Y.Map<unknown>

/** The class of a shared type: `Y.Text`, `Y.Map`. */
export type TypeClass<T extends SharedType = SharedType> = new () => T

/** Where a shared type lives. It may be missing, or be of another kind in a document that another version wrote. */
export interface Place<T extends SharedType = SharedType> {
  /** The shared type, or `undefined` when it is missing or of another kind. */
  read(): T | undefined
  /** The shared type; makes it when it is missing. Only inside a write. */
  open(): T
  /** Calls back after each transaction that changed it. Returns the stop. */
  observe(listener: () => void): () => void
}

/** A root type of the document. */
export function rootPlace<T extends SharedType>(doc: Y.Doc, name: string, kind: TypeClass<T>): Place<T> {
  let type: T | undefined
  const open = () => {
    try {
      type ??= doc.get(name, kind as never) as unknown as T
      return type
    } catch (cause) {
      throw new InterplayError(
        'conflict',
        `The document has "${name}" as another shared type than the state.`,
        { cause },
      )
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
export function typePlace<T extends SharedType>(type: T): Place<T> {
  return { read: () => type, open: () => type, observe: (listener) => observeType(type, listener) }
}

/** A shared type under a key of a map: the child of a record that is an element. */
export function keyPlace<T extends SharedType>(
  parent: Place<YMap>,
  key: string,
  kind: TypeClass<T>,
): Place<T> {
  const read = () => {
    const type = parent.read()?.get(key)
    return type instanceof kind ? type : undefined
  }
  const open = () => read() ?? (parent.open().set(key, new kind()) as T)
  return { read, open, observe: (listener) => observeKey(parent, key, listener) }
}

/** Calls back after each transaction that changed this key of a map, or something inside its value. */
export function observeKey(parent: Place<YMap>, key: string, listener: () => void): () => void {
  const type = parent.read()
  if (!type) return parent.observe(listener)
  return observeDeep(type, listener, (event) =>
    (event.target as unknown) === type
      ? (event as Y.YMapEvent<unknown>).keysChanged.has(key)
      : event.path[0] === key,
  )
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
  return observeDeep(type, listener, () => true)
}

type AnyEvent = Y.YEvent<Y.AbstractType<unknown>>

function observeDeep(
  type: SharedType,
  listener: () => void,
  concerns: (event: AnyEvent) => boolean,
): () => void {
  const observer = (events: AnyEvent[]) => {
    if (events.some(concerns)) callSafely(listener)
  }
  type.observeDeep(observer as never)
  return () => type.unobserveDeep(observer as never)
}

/** A listener that throws must not end the write or the sync that caused it. */
function callSafely(listener: () => void) {
  try {
    listener()
  } catch (error) {
    const { reportError = console.error } = globalThis as { reportError?: (error: unknown) => void }
    reportError(error)
  }
}
