import type { WebSocketConstructor } from '@interplay/client'
import * as decoding from 'lib0/decoding'

/** Holds the edits that come in until they are let through, one frame after the other. Everything else passes. */
export class HeldEdits {
  readonly #waiting: (() => void)[] = []
  #holding = false

  /** Lets the next frame through, if one is there. */
  release(): boolean {
    const next = this.#waiting.shift()
    next?.()
    return next !== undefined
  }

  hold(): void {
    this.#holding = true
  }

  /** Lets everything through from now on. */
  stop(): void {
    this.#holding = false
    while (this.release()) {}
  }

  /** For `createClient`: a WebSocket whose inbound edits wait here. */
  get WebSocket(): WebSocketConstructor {
    const take = (bytes: ArrayBuffer, deliver: () => void) => {
      if (this.#holding && isEdit(bytes)) this.#waiting.push(deliver)
      else deliver()
    }
    return class extends WebSocket {
      override set onmessage(listener: ((event: MessageEvent) => void) | null) {
        super.onmessage = listener && ((event: MessageEvent) => take(event.data, () => listener(event)))
      }
    } as WebSocketConstructor
  }
}

/** A Hocuspocus frame of type 0 (sync) and kind 2 (update). */
function isEdit(bytes: ArrayBuffer): boolean {
  const decoder = decoding.createDecoder(new Uint8Array(bytes))
  const name = decoding.readVarUint8Array(decoder)
  return name.length > 0 && decoding.readVarUint(decoder) === 0 && decoding.readVarUint(decoder) === 2
}
