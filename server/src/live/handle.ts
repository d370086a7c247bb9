import type { AnyRoom, InputOf, LiveElement, LiveMap, LiveValue, OutputOf, Schema } from '@interplay/shared'

/** What a function of `update` returns: the next value, or nothing where it has changed the draft. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that only changes the draft returns nothing at all.
export type Next<I> = I | void

/** A live value as code of the room works with it. What it does takes effect with everything else the code does. */
export interface LiveHandle<T, I, Missing = never> {
  /** The value, what this code has set included. Frozen. */
  get(): T | Missing
  /** Replaces the value. Throws `invalid-input` where its schema refuses it. */
  set(value: I): void
  /** Changes a copy of the value, or returns the next one: `update((vote) => { vote.open = false })`. */
  update(change: (draft: T | Missing) => Next<I>): void
}

/** A map of entities as code of the room works with it. One entity costs what it is, however many there are. */
export interface LiveMapHandle<T, I> {
  /** All entities by key, frozen. */
  get(): { readonly [key: string]: T }
  /** One entity, frozen. */
  get(key: string): T | undefined
  /** Replaces all entities. */
  set(entities: { readonly [key: string]: I }): void
  /** Adds or replaces one. Throws `invalid-input` where its schema refuses it. */
  set(key: string, entity: I): void
  /** Changes a copy of the map: entities may be changed inside, added and deleted. */
  update(change: (draft: { [key: string]: T }) => void): void
  /** Changes a copy of one entity, or returns the next one. Says whether it was there; without it nothing happens. */
  update(key: string, change: (draft: T) => Next<I>): boolean
  /** Says whether it was there. */
  delete(key: string): boolean
}

/** The live values of a room, by name, for the code of the room. */
export type LiveHandles<R extends AnyRoom> = { readonly [K in keyof R['live']]: HandleOf<R['live'][K]> }

export type HandleOf<E extends LiveElement> =
  E extends LiveMap<infer S>
    ? LiveMapHandle<OutputOf<S>, InputOf<S>>
    : E extends LiveValue<infer S, infer I>
      ? LiveHandle<OutputOf<S>, InputOf<S>, I extends undefined ? Unset<S> : never>
      : E extends Schema
        ? LiveHandle<OutputOf<E>, InputOf<E>, Unset<E>>
        : never

/** A value that nobody has set is what its schema makes of `undefined`, if it takes that. */
type Unset<S extends Schema> = undefined extends InputOf<S> ? never : undefined

/** A live value as a job works with it: a change takes effect by itself, when its promise resolves. */
export interface JobLiveHandle<T, I, Missing = never> {
  get(): T | Missing
  set(value: I): Promise<void>
  update(change: (draft: T | Missing) => Next<I>): Promise<void>
}

/** A map of entities as a job works with it. */
export interface JobLiveMapHandle<T, I> {
  get(): { readonly [key: string]: T }
  get(key: string): T | undefined
  set(entities: { readonly [key: string]: I }): Promise<void>
  set(key: string, entity: I): Promise<void>
  update(change: (draft: { [key: string]: T }) => void): Promise<void>
  update(key: string, change: (draft: T) => Next<I>): Promise<boolean>
  delete(key: string): Promise<boolean>
}

/** The live values of a room, by name, for its jobs. */
export type JobLiveHandles<R extends AnyRoom> = { readonly [K in keyof R['live']]: JobHandleOf<R['live'][K]> }

type JobHandleOf<E extends LiveElement> =
  HandleOf<E> extends LiveMapHandle<infer T, infer I>
    ? JobLiveMapHandle<T, I>
    : HandleOf<E> extends LiveHandle<infer T, infer I, infer M>
      ? JobLiveHandle<T, I, M>
      : never
