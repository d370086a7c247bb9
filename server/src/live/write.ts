/** What code did to one live value. Of entities, `undefined` says that one is gone. */
export type LiveWrite =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'entities'; readonly entities: ReadonlyMap<string, unknown> }

/** What code did to live values, by name. */
export type LiveWrites = ReadonlyMap<string, LiveWrite>
