import { type Document, type Extension, Hocuspocus } from '@hocuspocus/server'
import { InterplayError, matchRoom, restrictedRoots } from '@interplay/shared'
import { maxRoomNameBytes, type Outcome } from '@interplay/shared/protocol'
import type { EventRequest } from '../events/dispatch.ts'
import type { AnyImplementation } from '../events/implement.ts'
import { containedExtension, Denied, type HookContext, listens, roomExtension } from './hocuspocus.ts'
import { type LiveSnapshot, readLiveSnapshot } from './live-snapshot.ts'
import { Room, type RoomCode, type RoomServices } from './room.ts'

/** The longest that a timer can be set for. */
const neverMs = 2 ** 31 - 1

export interface RegistryOptions {
  readonly implementations: readonly AnyImplementation[]
  readonly openRooms: boolean
  readonly extensions: readonly Extension[]
  readonly unloadAfterMs: number
  readonly services: Omit<RoomServices, 'idle' | 'lost' | 'dispatch'>
}

/** The rooms in memory: each is opened once, and unloaded when nobody is in it and nothing of it is unsaved. */
export class Registry {
  readonly hocuspocus: Hocuspocus<HookContext>
  /** Hooks of users that see every inbound message; where there are none, none is called. */
  readonly hooks: Readonly<Record<'message' | 'sync' | 'presence' | 'token', boolean>>
  readonly #options: RegistryOptions
  readonly #rooms = new Map<string, Room>()
  readonly #unloadTimers = new Map<Room, NodeJS.Timeout>()
  readonly #unloadable = new Set<Room>()
  /** Snapshots that rooms were writing when they were abandoned, by name: whoever reads the room reads it behind them. */
  readonly #lastSnapshots = new Map<string, Promise<void>>()
  #implementations: readonly AnyImplementation[]

  constructor(options: RegistryOptions) {
    this.#options = options
    this.#implementations = options.implementations
    const extensions = options.extensions.map((extension) =>
      containedExtension(extension, options.services.logger),
    )
    this.hooks = {
      message: listens(extensions, 'beforeHandleMessage', 'afterHandleMessage'),
      sync: listens(extensions, 'beforeSync'),
      presence: listens(extensions, 'beforeHandleAwareness'),
      token: listens(extensions, 'onTokenSync'),
    }
    const stores = listens(extensions, 'onChange', 'onStoreDocument')
    this.hocuspocus = new Hocuspocus<HookContext>({
      quiet: true,
      // Liveness is the socket's concern: the session has no timer of its own.
      timeout: neverMs,
      // Rooms send what changed at the end of a turn, see `Broadcast`.
      flushDelay: neverMs,
      extensions: [
        roomExtension({
          load: (document) => this.#load(document),
          loaded: (document) => {
            // Without a listener, Hocuspocus would build payloads and a debounce timer per update for nobody.
            if (!stores) document.onUpdate(() => {})
            this.#rooms.get(document.name)?.opened()
          },
          mayUnload: (document) => this.#mayUnload(document),
        }),
        ...extensions,
      ],
    })
  }

  get rooms(): IterableIterator<Room> {
    return this.#rooms.values()
  }

  get(name: string): Room | undefined {
    return this.#rooms.get(name)
  }

  /** The code of the room with this name. `null` for an open room; throws `unknown-room` if there is no such kind. */
  codeOf(name: string): RoomCode | null {
    if (name === '' || Buffer.byteLength(name) > maxRoomNameBytes) {
      throw new InterplayError('unknown-room', `A room's name has 1 to ${maxRoomNameBytes} bytes.`)
    }
    for (const implementation of this.#implementations) {
      const params = matchRoom(implementation.definition, name)
      if (params) return { implementation, params, restricted: restrictedRoots(implementation.definition) }
    }
    if (this.#options.openRooms) return null
    const paths = this.#implementations.map(({ definition }) => `'${definition.pattern}'`).join(', ')
    throw new InterplayError(
      'unknown-room',
      `'${name}' matches no definition. This server has: ${paths || 'none'}.`,
    )
  }

  /** How many jobs of this name may run at once in a room; `null` where the room has no code. */
  concurrencyOf(name: string, job: string): number | null {
    const code = this.#implementations.find(({ definition }) => matchRoom(definition, name))?.code
    return code ? (code.jobs.get(job)?.concurrency ?? 1) : null
  }

  /** Opens a room for work that comes from no socket, and keeps it open while `use` runs. */
  async use<T>(name: string, use: (room: Room) => T | Promise<T>): Promise<T> {
    this.codeOf(name)
    const room = await this.#open(name)
    room.document.addDirectConnection()
    try {
      return await use(room)
    } finally {
      room.document.removeDirectConnection()
      if (room.document.getConnectionsCount() === 0) this.#unloadLater(room)
    }
  }

  /** Dispatches an event to a room, which is opened for it. Rejects if the room cannot be opened, or closes before the answer. */
  dispatch(name: string, request: EventRequest): Promise<Outcome> {
    return this.use(
      name,
      (room) => new Promise((answered, lost) => room.dispatch(request, { answered, lost })),
    )
  }

  /** Swaps the code of every room; events that run now finish on the old. */
  replace(implementations: readonly AnyImplementation[]): void {
    this.#implementations = implementations
    for (const room of this.#rooms.values()) {
      try {
        room.code = this.codeOf(room.name)
      } catch (error) {
        this.#options.services.logger.warn(
          { room: room.name, error: String(error) },
          'a room keeps its old code',
        )
      }
    }
  }

  /** Resolves once everything is durable, or at the deadline. Resolves to the rooms that could not be saved. */
  async close(deadlineMs: number): Promise<Room[]> {
    const rooms = [...this.#rooms.values()]
    for (const room of rooms) {
      room.ticks.close()
      room.ticks.snapshot()
      room.writer.retryNow()
    }
    const saved = Promise.all(rooms.map((room) => room.settled().then(() => room.compactor.beforeUnload())))
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise((resolve) => {
      timer = setTimeout(resolve, Math.max(0, deadlineMs))
    })
    await Promise.race([saved, deadline])
    clearTimeout(timer)
    const unsaved = rooms.filter((room) => room.unsaved)
    for (const room of rooms) {
      room.close()
      // Its documents are not destroyed, since sessions still hold them; but nothing of theirs may go on.
      clearInterval(room.document.awareness._checkInterval)
    }
    for (const unloading of this.#unloadTimers.values()) clearTimeout(unloading)
    await this.hocuspocus.hooks('onDestroy', { instance: this.hocuspocus })
    return unsaved
  }

  async #open(name: string): Promise<Room> {
    const config = { isAuthenticated: true, readOnly: false }
    try {
      await this.hocuspocus.createDocument(name, new Request('http://localhost'), 'server', config)
    } catch (error) {
      throw error instanceof Denied ? error.error : error
    }
    // A document may be unloaded in the very turn in which it was found.
    return this.#rooms.get(name) ?? this.#open(name)
  }

  async #load(document: Document): Promise<void> {
    const { services } = this.#options
    const keepsLive = this.codeOf(document.name)?.implementation.code.tick?.snapshotEveryMs
    let stored: Awaited<ReturnType<typeof services.log.load>>
    let snapshot: LiveSnapshot | null = null
    try {
      await this.#lastSnapshots.get(document.name)
      stored = await services.log.load(document.name)
      if (keepsLive) snapshot = await readLiveSnapshot(services.log, document.name, services.logger)
    } catch (cause) {
      services.logger.error(
        { room: document.name, error: String(cause) },
        'a room could not be read from the log',
      )
      throw new InterplayError(
        'unavailable',
        `'${document.name}' cannot be read right now. Try again later.`,
        { cause },
      )
    }
    const around: RoomServices = {
      ...services,
      dispatch: (to, id, event, input, actor) =>
        this.dispatch(to, { id, event, input, actor, sessionId: null }),
      idle: (idle) => this.#unloadLater(idle),
      lost: (lost, error) => this.#abandon(lost, error),
    }
    // The code may have been replaced meanwhile.
    const code = this.codeOf(document.name)
    const room = new Room(document.name, document, stored, code, around, snapshot)
    this.#rooms.set(document.name, room)
    services.metrics.rooms.set(this.#rooms.size)
    document.on('destroy', () => {
      room.close()
      clearTimeout(this.#unloadTimers.get(room))
      this.#unloadTimers.delete(room)
      if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name)
      services.metrics.rooms.set(this.#rooms.size)
    })
  }

  #mayUnload(document: Document): boolean {
    const room = this.#rooms.get(document.name)
    if (!room || this.#unloadable.has(room)) return true
    this.#unloadLater(room)
    return false
  }

  #unloadLater(room: Room): void {
    if (this.#unloadTimers.has(room) || room.document.isDestroyed) return
    const timer = setTimeout(() => {
      this.#unloadTimers.delete(room)
      void this.#unload(room)
    }, this.#options.unloadAfterMs)
    timer.unref()
    this.#unloadTimers.set(room, timer)
  }

  async #unload(room: Room): Promise<void> {
    const idle = () => room.document.getConnectionsCount() === 0 && !room.unsaved
    if (!idle()) return
    await room.becomeIdle()
    await room.settled()
    if (!idle()) return
    await room.compactor.beforeUnload()
    if (!idle()) return
    this.#unloadable.add(room)
    await this.hocuspocus.unloadDocument(room.document)
    this.#unloadable.delete(room)
    // Something of an extension still holds it: ask again.
    if (!room.document.isDestroyed && idle()) this.#unloadLater(room)
  }

  /** Everybody leaves and rejoins: the room is read anew from the log. */
  #abandon(room: Room, error: Error): void {
    this.#options.services.logger.error(
      { room: room.name, error: error.message },
      'the log refused this room: it is closed',
    )
    this.hocuspocus.closeConnections(room.name)
    // Whoever still holds the document holds what the log did not take: it goes at once.
    this.hocuspocus.documents.delete(room.name)
    room.document.destroy()
    const { name } = room
    const last = room.compactor.stop().then(() => {
      if (this.#lastSnapshots.get(name) === last) this.#lastSnapshots.delete(name)
    })
    this.#lastSnapshots.set(name, last)
  }
}
