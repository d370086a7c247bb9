/** One message of a stream of server-sent events. */
export interface ServerSentEvent {
  readonly event: string
  readonly id: string
  readonly data: unknown
}

/** A reader of server-sent events that can stop reading, which the `EventSource` of a browser cannot. */
export class EventReader implements AsyncDisposable {
  readonly response: Response
  /** Every message until now. */
  readonly events: ServerSentEvent[] = []
  comments = 0
  bytes = 0
  ended = false
  readonly #abort: AbortController
  #reading: Promise<void> | null = null

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const abort = new AbortController()
    return new EventReader(await fetch(url, { headers, signal: abort.signal }), abort)
  }

  private constructor(response: Response, abort: AbortController) {
    this.response = response
    this.#abort = abort
  }

  /** The latest state that came. */
  get state(): unknown {
    return this.of('state').at(-1)
  }

  /** The data of the messages of one kind. */
  of(event: string): unknown[] {
    return this.events.filter((each) => each.event === event).map(({ data }) => data)
  }

  read(): this {
    this.#reading ??= this.#read().catch(() => {})
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort()
    await this.#reading
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    // In pieces, since a long message comes in many chunks.
    let pieces: string[] = []
    for await (const chunk of this.response.body!) {
      this.bytes += chunk.length
      pieces.push(decoder.decode(chunk, { stream: true }))
      if (!pieces.slice(-2).join('').includes('\n\n')) continue
      const messages = pieces.join('').split('\n\n')
      pieces = [messages.pop()!]
      for (const message of messages) this.#take(message)
    }
    this.ended = true
  }

  #take(message: string): void {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(message)?.[1]
    if (message.startsWith(':')) this.comments += 1
    const event = field('event')
    if (event) this.events.push({ event, id: field('id')!, data: JSON.parse(field('data')!) })
  }
}
