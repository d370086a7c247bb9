import type {
  AnyRoom,
  InterplayError,
  LiveOf,
  ParamsOf,
  PresenceInput,
  PresenceOf,
  SignalsOf,
  StateOf,
} from '@interplay/shared'
import type { JobStatus } from '@interplay/shared/protocol'
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from 'react'
import type { Client } from '../client.ts'
import type { LiveEntities, LiveName, LiveViewOf } from '../live.ts'
import type { Other } from '../presence.ts'
import type { Room, SignalName } from '../room.ts'
import type { RoomStatus } from '../status.ts'
import { useOptionalClient } from './client-provider.ts'
import { type Joined, useBrowserLayoutEffect, useGate, useJoined } from './room-provider.ts'
import { type Equal, type Source, useSelected } from './use-selected.ts'
import { type Json, useShared } from './use-shared.ts'

export interface RoomProviderProps<R extends AnyRoom> {
  /** Which room. Another room mounts the children anew. */
  params: ParamsOf<R>
  /** What this session shows of itself at first. */
  presence?: PresenceInput<R>
  /** @default the client of the `ClientProvider` above */
  client?: Client
  /** Shown until the server's state is here. Without it the children render at once, with an empty state. */
  fallback?: ReactNode
  /** Shown when the server refuses the room, now or later. Without it the children stay, and `useStatus()` says so. */
  refused?: (error: InterplayError) => ReactNode
  children?: ReactNode
}

/** The hooks of one definition. All but the provider need a `RoomProvider` of the same definition above them. */
export interface RoomHooks<R extends AnyRoom> {
  /** Joins the room while it is mounted. Safe in StrictMode: mounting twice at once joins once. */
  RoomProvider(props: RoomProviderProps<R>): ReactElement

  /** The room itself. Renders again when its document was replaced, so `room.doc` may be a dependency of an effect. */
  useRoom(): Room<R>

  /**
   * Selects from the shared state and renders again only when the selected value changed, compared as JSON.
   * A view that is returned arrives as plain JSON: `const notes = useShared((state) => state.notes)`.
   */
  useShared<T>(selector: (state: StateOf<R>) => T, isEqual?: Equal<Json<T>>): Json<T>

  /** This session's presence and its setter: `const [me, setMe] = usePresence()`. */
  usePresence(): [presence: PresenceOf<R> | null, set: SetPresence<R>]

  /** The other sessions, or what a selector makes of them: `useOthers((others) => others.length)`. */
  useOthers(): readonly Other<PresenceOf<R>>[]
  useOthers<T>(selector: (others: readonly Other<PresenceOf<R>>[]) => T, isEqual?: Equal<T>): T

  /** `room.dispatch`, always the same function for the same room. */
  useDispatch(): Room<R>['dispatch']

  /** Calls `listener`, the one of the latest render, for every signal of this name while the component is mounted. */
  useSignal<S extends SignalName<R>>(name: S, listener: (payload: SignalsOf<R>[S]) => void): void

  /**
   * A live value, or what a selector makes of it; `undefined` until it has come. With an `interest`, the entities of a map
   * that match it: the room has one for each map, the one that was rendered last.
   *
   * ```tsx
   * const vote = useLive('vote')
   * const agents = useLive('agents', { interest: viewport })
   * const isOpen = useLive('vote', { select: (vote) => vote?.open ?? false })
   * ```
   */
  useLive<N extends LiveName<R>>(name: N, options?: LiveHookOptions<R, N>): LiveOf<R>[N] | undefined
  useLive<N extends LiveName<R>, T>(
    name: N,
    options: LiveHookOptions<R, N> & {
      select: (value: LiveOf<R>[N] | undefined) => T
      isEqual?: Equal<T>
    },
  ): T

  /** Jobs of the room that run, that wait for another attempt, or that have failed for good. */
  useJobs(): readonly JobStatus[]

  useStatus(): RoomStatus

  /** Undo and redo of this client's edits, for buttons and shortcuts. */
  useHistory(): { canUndo: boolean; canRedo: boolean; undo(): void; redo(): void }
}

/** `interest` for a map that has one. */
export type LiveHookOptions<R extends AnyRoom, N extends LiveName<R>> =
  LiveViewOf<R['live'][N]> extends LiveEntities<infer _, infer V> ? { interest?: V } : { interest?: never }

/** Takes the next presence, or a function of the current one; `null` takes the session out of everybody's `others`. */
export type SetPresence<R extends AnyRoom> = (
  next: PresenceInput<R> | null | ((current: PresenceOf<R> | null) => PresenceInput<R> | null),
) => void

/**
 * The React hooks of a room definition. Call it once, beside the definition:
 *
 * ```tsx
 * export const { RoomProvider, useShared, useDispatch } = roomHooks(board)
 *
 * <ClientProvider client={client}>
 *   <RoomProvider params={{ boardId: 'q3' }} presence={{ name: 'Ada', cursor: null }} fallback="Loading…">
 *     <Board />
 *   </RoomProvider>
 * </ClientProvider>
 *
 * function Board() {
 *   const title = useShared((state) => state.title)
 *   const dispatch = useDispatch()
 *   return <button onClick={() => dispatch('note.add', { text: 'Hi' })}>{title}</button>
 * }
 * ```
 */
export function roomHooks<R extends AnyRoom>(definition: R): RoomHooks<R> {
  const RoomContext = createContext<Joined<Room<R>> | null>(null)

  const useJoinedRoom = (): Joined<Room<R>> => {
    const joined = useContext(RoomContext)
    if (!joined) throw new Error(`This hook needs a <RoomProvider> of "${definition.pattern}" above it`)
    return joined
  }

  function RoomProvider(props: RoomProviderProps<R>): ReactElement {
    const inherited = useOptionalClient()
    const client = props.client ?? inherited
    if (!client) throw new Error('<RoomProvider> needs a client: its prop, or a <ClientProvider> above it')
    const { params, presence } = props
    const joined = useJoined(
      () => client.join(definition, params, { presence }),
      JSON.stringify(Object.entries(params).sort()),
      client,
    )
    return createElement(
      RoomContext.Provider,
      { value: joined },
      joined ? createElement(Gate, { ...props, room: joined.room }) : props.fallback,
    )
  }

  function Gate(props: RoomProviderProps<R> & { room: Room<R> }): ReactNode {
    const instead = useGate(props.room, props.fallback, props.refused)
    return instead === undefined ? props.children : instead
  }

  return {
    RoomProvider,

    useRoom() {
      const { room } = useJoinedRoom()
      useSyncExternalStore(
        useCallback((changed) => room.onReset(changed), [room]),
        () => room.doc,
        () => room.doc,
      )
      return room
    },

    useShared(selector, isEqual) {
      const { room, document } = useJoinedRoom()
      const state = useCallback(() => room.state, [room])
      return useShared(document, state, selector, isEqual)
    },

    usePresence() {
      const { room } = useJoinedRoom()
      const read = () => room.presence.get()
      const presence = useSyncExternalStore(
        useCallback((changed) => room.presence.subscribe(changed), [room]),
        read,
        read,
      )
      const set = useCallback<SetPresence<R>>(
        (next) =>
          room.presence.set(typeof next === 'function' ? (next as Updater<R>)(room.presence.get()) : next),
        [room],
      )
      return [presence, set]
    },

    useOthers<T>(selector: (others: readonly Other<PresenceOf<R>>[]) => T = identity, isEqual?: Equal<T>): T {
      const { room } = useJoinedRoom()
      const source = useMemo<Source>(
        () => ({ subscribe: (changed) => room.others.subscribe(changed), version: () => room.others.get() }),
        [room],
      )
      const select = useCallback(() => selector(room.others.get()), [room, selector])
      return useSelected(source, select, isEqual)
    },

    useDispatch() {
      const { room } = useJoinedRoom()
      return useMemo(() => room.dispatch.bind(room) as Room<R>['dispatch'], [room])
    },

    useSignal<S extends SignalName<R>>(name: S, listener: (payload: SignalsOf<R>[S]) => void) {
      const { room } = useJoinedRoom()
      const latest = useRef(listener)
      useBrowserLayoutEffect(() => {
        latest.current = listener
      })
      useEffect(() => room.onSignal(name, (payload) => latest.current(payload)), [room, name])
    },

    useLive<T>(name: LiveName<R>, options: AnyLiveOptions<T> = {}): T {
      const { room } = useJoinedRoom()
      const live = (room.live as Record<string, LiveEntities<unknown, unknown>>)[name]!
      const { interest, select = identity, isEqual } = options
      const interestKey = JSON.stringify(interest)
      // biome-ignore lint/correctness/useExhaustiveDependencies: an interest is a new object on every render.
      useEffect(() => {
        if ('interest' in options) live.setInterest(interest)
      }, [live, interestKey])
      const source = useMemo<Source>(
        () => ({ subscribe: (changed) => live.subscribe(changed), version: () => live.get() }),
        [live],
      )
      const read = useCallback(() => select(live.get()), [live, select])
      return useSelected(source, read, isEqual ?? (select === identity ? Object.is : undefined))
    },

    useJobs() {
      const { jobs } = useJoinedRoom().room
      const read = () => jobs.get()
      return useSyncExternalStore(
        useCallback((changed) => jobs.subscribe(changed), [jobs]),
        read,
        read,
      )
    },

    useStatus() {
      const { room } = useJoinedRoom()
      const read = () => room.status
      return useSyncExternalStore(
        useCallback((changed) => room.subscribe(changed), [room]),
        read,
        read,
      )
    },

    useHistory() {
      const { room } = useJoinedRoom()
      const { history } = room
      const read = () => (history.canUndo ? 1 : 0) + (history.canRedo ? 2 : 0)
      const can = useSyncExternalStore(
        useCallback((changed) => history.subscribe(changed), [history]),
        read,
        read,
      )
      return useMemo(
        () => ({
          canUndo: can % 2 === 1,
          canRedo: can >= 2,
          undo: () => void history.undo(),
          redo: () => void history.redo(),
        }),
        [history, can],
      )
    },
  }
}

type Updater<R extends AnyRoom> = (current: PresenceOf<R> | null) => PresenceInput<R> | null

interface AnyLiveOptions<T> {
  readonly interest?: unknown
  readonly select?: (value: unknown) => T
  readonly isEqual?: Equal<T>
}

const identity = <T>(value: unknown) => value as T
