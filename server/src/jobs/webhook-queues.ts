import { newEventId } from '@interplay/shared/protocol'
import type { TaskEffect } from '../events/effects.ts'
import type { AnyImplementation } from '../events/implement.ts'
import type { StoredTask, TaskChange, UpdateLog } from '../log/log.ts'
import { type DeliveryTask, deliveryPrefix, ordered, queueId, readTask, writeTask } from './task.ts'
import { createWebhookSender, type WebhookSender } from './webhook-sender.ts'

/** What the queues need of their room. */
export interface QueueRoom {
  readonly name: string
  readonly log: UpdateLog
  readonly clock: () => number
  /** `null` where the room's code has no endpoints. */
  sender(): WebhookSender | null
  record(tasks: readonly TaskChange[]): Promise<void>
  failed(delivery: DeliveryTask, error: string, dead: boolean): void
}

type Deliver = Extract<TaskEffect, { do: 'deliver' }>

/**
 * The webhooks of a room, in order for each endpoint. Deliveries are tasks without a time; the queue of an endpoint is one task
 * whose time is that of its first delivery. It goes only when nothing was added behind what it sent last.
 */
export class WebhookQueues {
  readonly #room: QueueRoom
  /** Id of the delivery that was added last, by endpoint. */
  readonly #last = new Map<string, string>()
  /** When an endpoint that failed is tried again: what is added meanwhile does not hurry it. */
  readonly #notBefore = new Map<string, number>()
  #closed = false

  constructor(room: QueueRoom) {
    this.#room = room
  }

  add({ endpoint, type, data }: Deliver, position: number, index: number, now: number): TaskChange[] {
    const id = deliveryPrefix(endpoint) + ordered(position, index)
    const deliveryId = newEventId(now)
    this.#last.set(endpoint, id)
    const task = { kind: 'delivery', endpoint, type, data, deliveryId, at: now, failures: 0 } as const
    return [{ put: writeTask(id, null, task) }, this.turn(endpoint)]
  }

  /** The queue of an endpoint, due now. */
  turn(endpoint: string, due = this.#room.clock()): TaskChange {
    return { put: writeTask(queueId(endpoint), due, { kind: 'queue', endpoint, failures: 0 }) }
  }

  /** Sends what waits for an endpoint, one after the other, until nothing does or one has to wait. */
  async run(endpoint: string): Promise<void> {
    const notBefore = this.#notBefore.get(endpoint) ?? 0
    if (notBefore > this.#room.clock()) return this.#room.record([this.turn(endpoint, notBefore)])
    let sentLast = ''
    while (!this.#closed) {
      const first = await this.#first(endpoint, sentLast)
      if (!first) {
        // Nothing may come between this look and the end of the queue: what is recorded later puts it back.
        if ((this.#last.get(endpoint) ?? '') > sentLast) return this.#room.record([this.turn(endpoint)])
        return this.#room.record([{ drop: queueId(endpoint) }])
      }
      const again = await this.#send(endpoint, first)
      if (again !== null) {
        this.#notBefore.set(endpoint, again)
        return this.#room.record([this.turn(endpoint, again)])
      }
      this.#notBefore.delete(endpoint)
      sentLast = first.id
    }
  }

  close(): void {
    this.#closed = true
  }

  /** The first delivery behind `after` that is not dead. Those before it are gone or dead. */
  async #first(endpoint: string, after: string): Promise<StoredTask | null> {
    const prefix = deliveryPrefix(endpoint)
    let from = after || prefix
    for (;;) {
      const page = await this.#room.log.tasks(this.#room.name, from, 20)
      for (const stored of page) {
        if (!stored.id.startsWith(prefix)) return null
        if (!readTask(stored).dead) return stored
      }
      if (page.length < 20) return null
      from = page.at(-1)!.id
    }
  }

  /** Resolves to when it is to be tried again, or to `null` when its turn is over. */
  async #send(endpoint: string, stored: StoredTask): Promise<number | null> {
    const task = readTask(stored) as DeliveryTask
    const sender = this.#room.sender()
    const attempt = task.failures + 1
    const { deliveryId, type, data, at } = task
    const result = sender
      ? await sender.send(endpoint, { deliveryId, type, data, at, attempt })
      : ({ at: 'dead', error: 'This server has no such endpoint.' } as const)
    switch (result.at) {
      case 'delivered':
        await this.#room.record([{ drop: stored.id }])
        return null
      case 'dead':
        await this.#room.record([
          {
            put: writeTask(stored.id, null, { ...task, failures: attempt, error: result.error, dead: true }),
          },
        ])
        this.#room.failed(task, result.error, true)
        return null
      case 'retry': {
        const failures = result.attempted ? attempt : task.failures
        await this.#room.record([
          { put: writeTask(stored.id, null, { ...task, failures, error: result.error }) },
        ])
        this.#room.failed(task, result.error, false)
        return this.#room.clock() + result.afterMs
      }
    }
  }
}

const senders = new WeakMap<object, WebhookSender>()

/** The sender of an implementation: its endpoints' circuits are those of all its rooms. */
export function senderOf(implementation: AnyImplementation | null): WebhookSender | null {
  if (!implementation || implementation.code.webhooks.size === 0) return null
  const { code } = implementation
  let sender = senders.get(code.webhooks)
  if (!sender) {
    sender = createWebhookSender({ endpoints: Object.fromEntries(code.webhooks) })
    senders.set(code.webhooks, sender)
  }
  return sender
}
