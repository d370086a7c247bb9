import type { AnyRoom, InputOf, LiveElement, LiveMap, LiveOutputOf, Schema } from '@interplay/shared'

/** A live value of the room. It comes while somebody subscribes to it: at first as a whole, and then what changes. */
export interface Live<T> {
  /** The value that came last; the same object until another one comes. `undefined` before that, and when nobody subscribes. */
  get(): T | undefined
  /** When the server made it: milliseconds since it began to. */
  readonly madeAt: number
  /**
   * Calls `listener` with the value: at once if it is here, and whenever another one has come. What comes too fast is
   * skipped, the latest is not. Returns its stop.
   *
   * ```ts
   * const stop = room.live.vote.subscribe((vote) => render(vote.leftMs))
   * ```
   */
  subscribe(listener: (value: T) => void): () => void
}

/** A live map whose definition has an interest `V`: a client may ask for the entities that match a view. */
export interface LiveEntities<T, V> extends Live<T> {
  /** As for every live value; with an `interest`, as {@link LiveEntities.setInterest} sets it. */
  subscribe(listener: (value: T) => void, options?: { interest?: V | undefined }): () => void
  /**
   * Asks for the entities that match this view from now on; `undefined` for all of them. The room has one for each map: the
   * one given last. Throws `invalid-input`.
   */
  setInterest(view: V | undefined): void
}

/** Names of a room's live values. */
export type LiveName<R extends AnyRoom> = keyof R['live'] & string

/** The live values of a room, by name. */
export type LiveViews<R extends AnyRoom> = { readonly [K in keyof R['live']]: LiveViewOf<R['live'][K]> }

export type LiveViewOf<E extends LiveElement> =
  E extends LiveMap<infer _, infer V>
    ? V extends Schema
      ? LiveEntities<LiveOutputOf<E>, InputOf<V>>
      : Live<LiveOutputOf<E>>
    : Live<LiveOutputOf<E>>
