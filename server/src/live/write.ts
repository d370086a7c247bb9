/** What code did to one live value. Of entities, `undefined` says that one is gone. */
export type LiveWrite =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'entities'; readonly entities: ReadonlyMap<string, unknown> }

/** What code did to live values, by name. */
export type LiveWrites = ReadonlyMap<string, LiveWrite>

/** Adds what was done later to what was done before: the latest wins. Returns the first, changed. */
export function mergeWrites(before: Map<string, LiveWrite>, after: LiveWrites): Map<string, LiveWrite> {
  for (const [name, write] of after) {
    const known = before.get(name)
    if (write.kind === 'value' || known?.kind !== 'entities') before.set(name, write)
    else before.set(name, { kind: 'entities', entities: new Map([...known.entities, ...write.entities]) })
  }
  return before
}
