import type { QueuedTask } from '../jobs/task.ts'
import type { JobRoom } from './job-room.ts'
import type { Sent } from './outbox.ts'

/** Sends, counts what became of it, and logs what failed. */
export function notedSend({ name, logger, metrics, send }: JobRoom): (task: QueuedTask) => Promise<Sent> {
  return async (task) => {
    const kind = task.kind === 'delivery' ? 'webhook' : task.kind
    const sent = await send(task)
    if (sent.at === 'sent') {
      metrics.tasks.inc({ kind, outcome: 'ok' })
      return sent
    }
    const { error, failures } = sent.task
    const isDead = sent.at === 'dead'
    metrics.tasks.inc({ kind, outcome: 'failed' })
    if (isDead) metrics.tasks.inc({ kind, outcome: 'dead' })
    const where = task.kind === 'event' ? { to: task.room, event: task.event } : { endpoint: task.endpoint }
    logger[isDead ? 'error' : 'warn'](
      { room: name, ...where, attempt: failures, error },
      `${task.kind === 'event' ? 'an event' : 'a webhook'} was not delivered${isDead ? ', and is dead' : ''}`,
    )
    return sent
  }
}
