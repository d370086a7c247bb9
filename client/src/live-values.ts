import { type AnyRoom, type LiveMap, validateSync } from '@interplay/shared'
import { writeFrame } from '@interplay/shared/protocol'
import type { Clock } from './clock.ts'
import { LiveValue } from './live-value.ts'

/** The live values of one room, those of its definitions. */
export class LiveValues {
  readonly #all = new Map<string, LiveValue>()
  readonly #create: (name: string) => LiveValue
  #definition: AnyRoom | null = null

  constructor(room: string, clock: Clock, send: (frame: Uint8Array) => void) {
    this.#create = (name) =>
      new LiveValue({
        clock,
        check: (interest) => {
          const { view } = this.#definition!.live[name] as Partial<LiveMap>
          // One that the definition does not take is refused by the server.
          if (view && interest !== undefined) validateSync(view, interest)
        },
        ask: (on, interest) => send(writeFrame({ kind: 'subscribe', room, name, on, interest })),
      })
  }

  /** Those of a definition, by name. */
  of(definition: AnyRoom): Readonly<Record<string, LiveValue>> {
    this.#definition = definition
    for (const name in definition.live) if (!this.#all.has(name)) this.#all.set(name, this.#create(name))
    return Object.fromEntries(this.#all)
  }

  /** A session begins: it watches nothing yet. */
  announce(): void {
    for (const value of this.#all.values()) value.announce()
  }

  /** Throws on garbage. */
  receive(name: string, message: Uint8Array): void {
    this.#all.get(name)?.receive(message)
  }

  close(): void {
    for (const value of this.#all.values()) value.close()
  }
}
