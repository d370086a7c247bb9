import { type AnyRoom, InterplayError, type LiveElement, liveContract } from '@interplay/shared'
import { writeRefused } from '@interplay/shared/live'
import { writeFrame } from '@interplay/shared/protocol'
import type { Logger } from '../observe/logging.ts'
import { Channel } from './channel.ts'
import type { LiveClock } from './clock.ts'
import { EntityFeed } from './entity-feed.ts'
import { LiveDraft, type Store } from './live-draft.ts'
import { MapStore } from './map-store.ts'
import { ValueFeed } from './value-feed.ts'
import { ValueStore } from './value-store.ts'
import type { LiveMeter, Viewer } from './viewer.ts'
import { type LiveWrites, mergeWrites } from './write.ts'

export interface LiveServices {
  readonly room: string
  readonly logger: Logger
  readonly clock: LiveClock
  readonly meter: LiveMeter
  /** Somebody watches, or nobody any more. */
  readonly watched: (isWatched: boolean) => void
}

/** What code did, on its way to take effect behind what was done before. */
export interface Landing {
  writes: LiveWrites
  hasLanded: boolean
}

interface Part {
  readonly element: LiveElement
  readonly store: Store
  readonly channel: Channel
}

/** Characters of an interest, as JSON. */
const maxInterestLength = 4_096

/**
 * The live values of a room. Code works on drafts of them. What it did is seen by the code behind it at once, and by the
 * sessions that watch once it has taken effect: the order is the same.
 */
export class LiveValues {
  readonly #services: LiveServices
  readonly #parts = new Map<string, Part>()
  readonly #stores = new Map<string, Store>()
  #landings: Landing[] = []
  #isWatched = false
  /** Counts what was done to them. */
  revision = 0

  constructor(services: LiveServices) {
    this.#services = services
  }

  get isWatched(): boolean {
    return this.#isWatched
  }

  /** Something is on its way to take effect. */
  get isAhead(): boolean {
    return this.#landings.length > 0
  }

  /** How much of it there is: what can only land together counts as one. */
  get pending(): number {
    return this.#landings.length
  }

  get names(): IterableIterator<string> {
    return this.#parts.keys()
  }

  /** The values of a definition. Those of the one before stay, where they have a name and a schema in the new one. */
  define(definition: AnyRoom | null): void {
    const before = new Map(this.#parts)
    const watching: [string, Viewer, unknown][] = []
    for (const [name, { element, channel }] of before) {
      if (definition?.live[name] === element) continue
      for (const { viewer, interest } of channel.watching) watching.push([name, viewer, interest])
      channel.close()
      this.#parts.delete(name)
      this.#stores.delete(name)
    }
    for (const [name, element] of Object.entries(definition?.live ?? {})) {
      if (this.#parts.has(name)) continue
      const part = this.#create(name, element)
      this.#parts.set(name, part)
      this.#stores.set(name, part.store)
      const known = before.get(name)?.store
      if (known) this.#restore(name, known.kind === 'value' ? known.read() : known.all)
    }
    this.flush(true)
    for (const [name, viewer, interest] of watching) this.subscribe(viewer, name, true, interest)
    this.#watch()
  }

  /** Begins a piece of code; `isOpen` says whether it may still do anything. */
  begin(isOpen: () => boolean): LiveDraft {
    return new LiveDraft(this.#stores, isOpen)
  }

  /** What a piece of code did is seen by the code behind it. It takes effect with `land`, in the order of the commits. */
  commit(writes: LiveWrites): Landing {
    this.revision += 1
    for (const [name, write] of writes) this.#stores.get(name)?.apply(write)
    const landing = { writes, hasLanded: false }
    this.#landings.push(landing)
    return landing
  }

  land(landing: Landing): void {
    landing.hasLanded = true
    this.#join(landing)
    while (this.#landings[0]?.hasLanded)
      for (const [name, write] of this.#landings.shift()!.writes) this.#parts.get(name)?.channel.land(write)
  }

  /** Sends what has landed. `atOnce` does not wait for the end of a turn in which something was sent already. */
  flush(atOnce = false): void {
    for (const { channel } of this.#parts.values()) channel.flush(atOnce)
  }

  /** A session watches a value from now on, or no longer. */
  subscribe(viewer: Viewer, name: string, on: boolean, interest: unknown): void {
    const part = this.#parts.get(name)
    if (!part) {
      const known = [...this.#parts.keys()].join(', ') || 'none'
      const error = { code: 'not-found', message: `No live value '${name}' here. There are: ${known}.` }
      return viewer.sendRuntime(
        writeFrame({ kind: 'live', room: viewer.key, name, message: writeRefused(error) }),
      )
    }
    if ((JSON.stringify(interest)?.length ?? 0) > maxInterestLength) {
      const message = `An interest has ${maxInterestLength} characters at most.`
      return part.channel.refuse(viewer, new InterplayError('too-large', message))
    }
    part.channel.subscribe(viewer, on, interest)
  }

  /** A session that was behind has taken everything. */
  caughtUp(viewer: Viewer): void {
    for (const { channel } of this.#parts.values()) channel.caughtUp(viewer)
  }

  leave(viewer: Viewer): void {
    for (const { channel } of this.#parts.values()) channel.leave(viewer)
  }

  /** What code would read now, for a snapshot. */
  read(name: string): unknown {
    const store = this.#stores.get(name)
    return store?.kind === 'value' ? store.read() : store?.all
  }

  /** Sets values as a snapshot has them; one that no longer fits its schema is left as it is. */
  restore(values: Iterable<readonly [name: string, value: unknown]>): void {
    for (const [name, value] of values) this.#restore(name, value)
  }

  close(): void {
    for (const { channel } of this.#parts.values()) channel.close()
  }

  /** What waits behind the same thing lands together: steps go on while the log does not, and must not pile up. */
  #join(landing: Landing): void {
    const before = this.#landings[this.#landings.indexOf(landing) - 1]
    if (!before?.hasLanded) return
    before.writes = mergeWrites(new Map(before.writes), landing.writes)
    this.#landings.splice(this.#landings.indexOf(landing), 1)
  }

  #restore(name: string, value: unknown): void {
    if (value === undefined || !this.#stores.has(name)) return
    const draft = this.begin(() => true)
    try {
      draft.handles[name]!.set(value as never)
    } catch (error) {
      const { room, logger } = this.#services
      return logger.warn(
        { room, live: name, error: String(error) },
        'a live value no longer fits: it begins anew',
      )
    }
    if (draft.writes) this.land(this.commit(draft.writes))
  }

  #create(name: string, element: LiveElement): Part {
    const contract = liveContract(element)
    const { room, logger, clock, meter } = this.#services
    const began = clock.now()
    const at = () => Math.max(0, Math.round(clock.now() - began))
    const services = { clock, meter, watched: () => this.#watch() }
    let faults = 0
    const report = (error: unknown) => {
      faults += 1
      // It may throw for every entity at every step: told at the 1st, 2nd, 4th, 8th time.
      if ((faults & (faults - 1)) === 0)
        logger.error({ room, live: name, faults, error: String(error) }, "the 'match' of an interest threw")
    }
    const isMap = contract.kind === 'liveMap'
    const store = isMap ? new MapStore(name, contract) : new ValueStore(name, contract)
    const feed = isMap ? new EntityFeed(contract, at, report) : new ValueFeed(at)
    const channel = new Channel(name, feed, contract.maxPerSecond, services)
    channel.land(store.whole)
    return { element, store, channel }
  }

  #watch(): void {
    const isWatched = [...this.#parts.values()].some(({ channel }) => channel.isWatched)
    if (isWatched === this.#isWatched) return
    this.#isWatched = isWatched
    this.#services.watched(isWatched)
  }
}
