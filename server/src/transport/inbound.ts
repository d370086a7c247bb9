import type { WebSocket } from 'ws'

/** What one socket may have done in one turn before the others have theirs: frames, and milliseconds. */
const sliceFrames = 256
const sliceMs = 4

interface Frame {
  readonly bytes: Buffer
  readonly isBinary: boolean
}

/**
 * Frames of one socket, in their order. A socket that sends much is worked off a slice at a time, and not read meanwhile: it
 * waits for itself, and the others do not wait for it.
 */
export class Inbound {
  readonly #webSocket: WebSocket
  readonly #handle: (bytes: Buffer, isBinary: boolean) => void
  #waiting: Frame[] = []
  #isDue = false
  #frames = 0
  #startedAt = 0

  constructor(webSocket: WebSocket, handle: (bytes: Buffer, isBinary: boolean) => void) {
    this.#webSocket = webSocket
    this.#handle = handle
    webSocket.on('message', (bytes: Buffer, isBinary: boolean) => this.#receive({ bytes, isBinary }))
    webSocket.on('close', () => {
      this.#waiting = []
    })
  }

  #receive(frame: Frame): void {
    if (this.#waiting.length === 0 && this.#mayGoOn()) return this.#handle(frame.bytes, frame.isBinary)
    if (this.#waiting.length === 0) this.#webSocket.pause()
    this.#waiting.push(frame)
    this.#drainSoon()
  }

  #drainSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#drain()
    })
  }

  #drain(): void {
    let done = 0
    this.#frames = 0
    while (done < this.#waiting.length && this.#mayGoOn()) {
      const { bytes, isBinary } = this.#waiting[done++]!
      this.#handle(bytes, isBinary)
    }
    this.#waiting.splice(0, done)
    if (this.#waiting.length > 0) this.#drainSoon()
    else if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.resume()
  }

  /** Whether this turn has time for one more frame. */
  #mayGoOn(): boolean {
    if (this.#frames === 0) {
      this.#startedAt = performance.now()
      setImmediate(() => {
        this.#frames = 0
      })
    }
    this.#frames += 1
    if (this.#frames > sliceFrames) return false
    return this.#frames % 16 !== 0 || performance.now() - this.#startedAt < sliceMs
  }
}
