import type { Actor } from '../events/context.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Room } from '../room/room.ts'
import { LiveStream } from './live-stream.ts'
import { StateFeed } from './state-feed.ts'
import type { Streamed } from './streamed.ts'

/** Those who look on at rooms without being in them: no reaction is run for them. */
export class Watching {
  readonly #feeds = new WeakMap<Room, StateFeed>()
  readonly #metrics: Metrics
  readonly #closing: AbortSignal

  constructor(metrics: Metrics, closing: AbortSignal) {
    this.#metrics = metrics
    this.#closing = closing
  }

  /** A stream of a room's states and signals, until its reader goes, the room closes or the server does. */
  begin(room: Room, actor: Actor, lastEventId: string | undefined): Streamed {
    const stream = new LiveStream(this.#feedOf(room), lastEventId, this.#closing)
    const stop = room.members.watch({ actor, signal: (name, payload) => stream.signal(name, payload) })
    const close = () => stream.close()
    room.document.on('destroy', close)
    this.#metrics.watchers.inc()
    const ended = stream.ended.then(() => {
      stop()
      room.document.off('destroy', close)
      this.#metrics.watchers.dec()
    })
    return { response: stream.response, ended }
  }

  #feedOf(room: Room): StateFeed {
    const feed = this.#feeds.get(room) ?? new StateFeed(room)
    this.#feeds.set(room, feed)
    return feed
  }
}
