import type { Writable } from 'node:stream'

/** A message that the broker has not been told of yet. */
export interface Delivery {
  /** The packet identifier: the broker does not use it for another message before this one is acknowledged. */
  readonly id: number
  /** Whatever became of it, it need not come again. */
  done: boolean
}

/**
 * The messages of a session with a broker that are not acknowledged. A message that comes again on another connection,
 * because its acknowledgement could not leave, is known by its packet identifier and not run a second time.
 * Acknowledgements leave in the order in which the messages came on the connection (MQTT 5, section 4.6).
 */
export class Deliveries {
  readonly #unacknowledged = new Map<number, Delivery>()
  #order: Delivery[] = []
  #line: Writable | null = null

  get size(): number {
    return this.#unacknowledged.size
  }

  /** A connection is there. A session that the broker has forgotten begins anew, with its own identifiers. */
  connected(line: Writable, sessionPresent: boolean): void {
    this.#line = line
    this.#order = []
    if (!sessionPresent) this.#unacknowledged.clear()
  }

  /** Takes a message; `null` if it is one that is under way already. */
  take(id: number): Delivery | null {
    const known = this.#unacknowledged.get(id)
    const delivery = known ?? { id, done: false }
    this.#unacknowledged.set(id, delivery)
    if (!this.#order.includes(delivery)) this.#order.push(delivery)
    if (!known) return delivery
    this.#acknowledge()
    return null
  }

  done(delivery: Delivery): void {
    delivery.done = true
    this.#acknowledge()
  }

  #acknowledge(): void {
    while (this.#order[0]?.done && this.#line && !this.#line.destroyed) {
      const { id } = this.#order.shift()!
      this.#unacknowledged.delete(id)
      // Without a reason code, PUBACK is the same four bytes in versions 3.1.1 and 5: it means success.
      this.#line.write(Buffer.of(0x40, 2, id >> 8, id & 0xff))
    }
  }
}
