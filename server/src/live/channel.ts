import { InterplayError } from '@interplay/shared'
import { writeRefused } from '@interplay/shared/live'
import { writeFrame } from '@interplay/shared/protocol'
import type { LiveClock } from './clock.ts'
import type { Feed } from './feed.ts'
import { Pace } from './pace.ts'
import type { View } from './view.ts'
import type { LiveMeter, Viewer } from './viewer.ts'
import type { LiveWrite } from './write.ts'

/** Between two changes of what one session watches; the first of a burst is made at once, and then the latest. */
const changeMs = 100

/** One session's place at a live value. */
interface Seat {
  readonly viewer: Viewer
  /** `null` while it does not watch. */
  view: View | null
  /** It was not told everything: it gets a full value when it has caught up. */
  isStale: boolean
  /** What it asked for last. */
  wanted: { readonly on: boolean; readonly interest: unknown }
  readonly pace: Pace
}

/** A message, and its frames for those who address the room alike. */
class Message {
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly #frames = new Map<string, Uint8Array>()

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name
    this.#bytes = bytes
  }

  frame(key: string): Uint8Array {
    let frame = this.#frames.get(key)
    if (!frame) {
      frame = writeFrame({ kind: 'live', room: key, name: this.#name, message: this.#bytes })
      this.#frames.set(key, frame)
    }
    return frame
  }
}

export interface ChannelServices {
  readonly clock: LiveClock
  readonly meter: LiveMeter
  /** Somebody watches, or nobody any more. */
  watched(): void
}

/** Sends one live value to the sessions that watch it: a full one at first, then what changes. There is no queue. */
export class Channel {
  readonly #name: string
  readonly #feed: Feed
  readonly #services: ChannelServices
  readonly #pace: Pace
  readonly #seats = new Map<Viewer, Seat>()
  /** Those that somebody has, by their key, with who has them. */
  readonly #views = new Map<string, { readonly view: View; readonly seats: Set<Seat> }>()
  /** Full messages of views, until something changes. */
  readonly #full = new Map<View, Message | null>()

  constructor(name: string, feed: Feed, maxPerSecond: number | null, services: ChannelServices) {
    this.#name = name
    this.#feed = feed
    this.#services = services
    this.#pace = new Pace(services.clock, maxPerSecond, () => this.#send())
  }

  get isWatched(): boolean {
    return this.#views.size > 0
  }

  /** Who watches, and with which interest. */
  get watching(): { viewer: Viewer; interest: unknown }[] {
    return [...this.#seats.values()]
      .filter(({ wanted }) => wanted.on)
      .map(({ viewer, wanted }) => ({ viewer, interest: wanted.interest }))
  }

  /** Takes what code did, once it has taken effect. */
  land(write: LiveWrite): void {
    this.#feed.land(write)
  }

  /** Sends what has landed. `atOnce` does not wait for the end of a turn in which something was sent already. */
  flush(atOnce: boolean): void {
    if (!this.#feed.hasNews) return
    if (this.isWatched) this.#pace.ask(atOnce)
    else this.#settle()
  }

  subscribe(viewer: Viewer, on: boolean, interest: unknown): void {
    let seat = this.#seats.get(viewer)
    if (!seat) {
      if (!on) return
      const pace = new Pace(this.#services.clock, 1_000 / changeMs, () => this.#change(seat!))
      seat = { viewer, view: null, isStale: false, wanted: { on, interest }, pace }
      this.#seats.set(viewer, seat)
    }
    seat.wanted = { on, interest }
    // To stop costs nothing.
    if (on) seat.pace.ask(true)
    else this.#move(seat, null)
  }

  /** Says why a subscription is not accepted. */
  refuse(viewer: Viewer, error: unknown): void {
    const known = error instanceof InterplayError
    const { code, message } = known
      ? error
      : new InterplayError('internal', 'The interest cannot be checked.')
    const refused = writeRefused({ code, message, ...(known && error.toJSON()) })
    viewer.sendRuntime(new Message(this.#name, refused).frame(viewer.key))
  }

  /** A session that was behind has taken everything. */
  caughtUp(viewer: Viewer): void {
    const seat = this.#seats.get(viewer)
    if (seat?.isStale) this.#sendFull(seat)
  }

  leave(viewer: Viewer): void {
    const seat = this.#seats.get(viewer)
    if (!seat) return
    seat.pace.stop()
    this.#seats.delete(viewer)
    this.#move(seat, null)
  }

  close(): void {
    this.#pace.stop()
    for (const { pace } of this.#seats.values()) pace.stop()
  }

  #settle(): void {
    this.#feed.settle()
    this.#full.clear()
  }

  #send(): void {
    if (!this.#feed.hasNews) return
    if (!this.isWatched) return this.#settle()
    const { meter } = this.#services
    const messages = this.#feed.advance([...this.#views.values()].map(({ view }) => view))
    this.#full.clear()
    let sent = 0
    let skipped = 0
    let bytes = 0
    for (const { view, seats } of this.#views.values()) {
      const delta = messages?.get(view)
      if (messages && !delta) continue
      const message = delta ? new Message(this.#name, delta) : null
      bytes += delta?.length ?? 0
      for (const seat of seats) {
        if (seat.viewer.isBehind) {
          seat.isStale = true
          skipped += 1
        } else if (message && !seat.isStale) {
          seat.viewer.sendRuntime(message.frame(seat.viewer.key))
          sent += 1
        } else this.#sendFull(seat)
      }
    }
    if (bytes > 0) meter.encoded(bytes)
    meter.sent(sent)
    meter.skipped(skipped)
  }

  /** Gives a session what it asked for last. */
  #change(seat: Seat): void {
    const { viewer, wanted } = seat
    if (!wanted.on) return
    const key = JSON.stringify(wanted.interest) ?? ''
    let view: View
    try {
      view = this.#views.get(key)?.view ?? this.#feed.view(key, wanted.interest)
    } catch (error) {
      this.#move(seat, null)
      return this.refuse(viewer, error)
    }
    const before = seat.view
    this.#move(seat, view)
    if (!before || before === view || seat.isStale || viewer.isBehind) return this.#sendFull(seat)
    const delta = this.#feed.between(before, view)
    this.#services.meter.encoded(delta.length)
    this.#services.meter.sent(1)
    viewer.sendRuntime(new Message(this.#name, delta).frame(viewer.key))
  }

  #sendFull(seat: Seat): void {
    const { viewer, view } = seat
    if (!view) return
    seat.isStale = viewer.isBehind
    if (seat.isStale) return
    const message = this.#fullOf(view)
    if (!message) return
    viewer.sendRuntime(message.frame(viewer.key))
    this.#services.meter.sent(1)
  }

  #fullOf(view: View): Message | null {
    const known = this.#full.get(view)
    if (known !== undefined) return known
    const bytes = this.#feed.full(view)
    if (bytes) this.#services.meter.encoded(bytes.length)
    // Making one may tell keys that those made before do not have.
    if (this.#full.size > 0) this.#full.clear()
    const message = bytes && new Message(this.#name, bytes)
    this.#full.set(view, message)
    return message
  }

  #move(seat: Seat, view: View | null): void {
    const wasWatched = this.isWatched
    const before = seat.view
    if (before && before !== view) {
      const place = this.#views.get(before.key)!
      place.seats.delete(seat)
      if (place.seats.size === 0) this.#views.delete(before.key)
    }
    seat.view = view
    if (view) {
      let place = this.#views.get(view.key)
      if (!place) {
        place = { view, seats: new Set() }
        this.#views.set(view.key, place)
      }
      place.seats.add(seat)
    }
    if (this.isWatched !== wasWatched) this.#services.watched()
  }
}
