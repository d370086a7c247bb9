import type { AnyImplementation } from '../events/implement.ts'
import type { DeliveryTask } from '../jobs/task.ts'
import { createWebhookSender, type WebhookSender } from '../jobs/webhook-sender.ts'
import type { Sent } from './outbox.ts'

/** Posts a webhook. An endpoint that is left alone for a time costs no attempt. */
export async function sendWebhook(
  task: DeliveryTask,
  implementation: AnyImplementation | null,
  clock: () => number,
): Promise<Sent> {
  const { endpoint, deliveryId, type, data, at } = task
  const attempt = task.failures + 1
  if (!implementation?.code.webhooks.has(endpoint)) {
    const error = `This server has no webhook endpoint '${endpoint}'.`
    return { at: 'dead', task: { ...task, error } }
  }
  const result = await senderOf(implementation).send(endpoint, { deliveryId, type, data, at, attempt })
  if (result.at === 'delivered') return { at: 'sent' }
  const { error } = result
  if (result.at === 'dead') return { at: 'dead', task: { ...task, failures: attempt, error } }
  const failures = result.attempted ? attempt : task.failures
  return { at: 'retry', task: { ...task, failures, error }, notBefore: clock() + result.afterMs }
}

const senders = new WeakMap<object, WebhookSender>()

/**
 * The sender of an implementation: what it knows of endpoints that fail is shared by all rooms, and by code that replaces it
 * and keeps its endpoints. Throws a `TypeError` on an endpoint that cannot work.
 */
export function senderOf({ code }: AnyImplementation): WebhookSender {
  let sender = senders.get(code.webhooks)
  if (!sender) {
    sender = createWebhookSender({ endpoints: Object.fromEntries(code.webhooks) })
    senders.set(code.webhooks, sender)
  }
  return sender
}
