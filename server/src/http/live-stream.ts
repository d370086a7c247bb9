import type { StateFeed } from './state-feed.ts'
import type { Streamed } from './streamed.ts'

/** Bytes that may wait for a reader; a single message may have more. Then states are skipped, and signals lost. */
const maxLagBytes = 64 * 1024

/** Proxies cut a connection that is silent for a minute. */
const keepAliveMs = 15_000

/** Time after which a browser's `EventSource` comes back. */
const retryMs = 1_000

/**
 * Server-sent events (WHATWG HTML, section 9.2): `state` with the whole state, at first and whenever it changed, and
 * `signal`. A reader that is slow gets the latest state when it reads on, and none of those between.
 */
export class LiveStream implements Streamed {
  static readonly headers = {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    // nginx would wait for a buffer to fill.
    'x-accel-buffering': 'no',
  }

  readonly response: Response
  readonly ended: Promise<void>
  readonly #feed: StateFeed
  readonly #stop: (() => void)[] = []
  readonly #end: () => void
  readonly #encoder = new TextEncoder()
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #id: number
  #sent: string | null = null
  #behind = false
  #open = true

  constructor(feed: StateFeed, lastEventId: string | undefined, closing: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
    this.#feed = feed
    this.#id = idAfter(lastEventId)
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: maxLagBytes })
    const events = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        pull: () => {
          if (this.#behind) this.#sendState()
        },
        cancel: () => this.#finish(),
      },
      strategy,
    )
    this.response = new Response(events, { headers: LiveStream.headers })
    const keepAlive = setInterval(() => this.#send(':\n\n'), keepAliveMs)
    keepAlive.unref()
    const close = () => this.close()
    closing.addEventListener('abort', close)
    this.#stop.push(
      feed.watch(() => this.#sendState()),
      () => clearInterval(keepAlive),
      () => closing.removeEventListener('abort', close),
    )
    this.#send(`retry: ${retryMs}\n\n`)
    this.#sendState()
    if (closing.aborted) this.close()
  }

  signal(name: string, payload: unknown): void {
    this.#send(this.#event('signal', JSON.stringify({ name, payload })))
  }

  /** Ends the stream after what was sent; a browser comes back. */
  close(): void {
    if (!this.#open) return
    this.#finish()
    this.#controller.close()
  }

  #sendState(): void {
    if (!this.#open) return
    this.#behind = !this.#canSend
    if (this.#behind) return
    const state = this.#feed.latest
    if (state === this.#sent) return
    this.#sent = state
    this.#send(this.#event('state', state))
  }

  get #canSend(): boolean {
    return this.#open && (this.#controller.desiredSize ?? 0) > 0
  }

  #send(text: string): void {
    if (this.#canSend) this.#controller.enqueue(this.#encoder.encode(text))
  }

  /** JSON has no line breaks, so its data is one line. */
  #event(event: string, json: string): string {
    this.#id += 1
    return `event: ${event}\nid: ${this.#id}\ndata: ${json}\n\n`
  }

  #finish(): void {
    if (!this.#open) return
    this.#open = false
    for (const stop of this.#stop) stop()
    this.#end()
  }
}

/** Ids go on where a reader that comes back left off. */
function idAfter(lastEventId: string | undefined): number {
  const id = Number(lastEventId)
  return Number.isSafeInteger(id) && id > 0 ? id : 0
}
