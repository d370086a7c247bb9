import type { TaskChange } from '../log/log.ts'

interface Pending {
  count: number
  readonly durable: PromiseWithResolvers<void>
}

/** Tasks that were changed since it began. */
export interface Watch {
  has(taskId: string): boolean
  /** Begins anew. */
  reset(): void
  stop(): void
}

export const taskIdOf = (change: TaskChange): string => ('put' in change ? change.put.id : change.drop)

/**
 * Changes of tasks that are in the order of the log and not durable yet. What the log answers about a task that has some is
 * out of date: whoever decides by it waits for them, or notices by a watch that there were some.
 */
export class PendingChanges {
  readonly #pending = new Map<string, Pending>()
  readonly #watches = new Set<{ readonly concerns: (taskId: string) => boolean; readonly ids: Set<string> }>()

  pushed(change: TaskChange): void {
    const id = taskIdOf(change)
    for (const { concerns, ids } of this.#watches) if (concerns(id)) ids.add(id)
    const pending = this.#pending.get(id)
    if (pending) {
      pending.count += 1
      return
    }
    const durable = Promise.withResolvers<void>()
    // Mostly nobody waits for it.
    durable.promise.catch(() => {})
    this.#pending.set(id, { count: 1, durable })
  }

  landed(change: TaskChange): void {
    const id = taskIdOf(change)
    const pending = this.#pending.get(id)
    if (!pending) return
    pending.count -= 1
    if (pending.count > 0) return
    this.#pending.delete(id)
    pending.durable.resolve()
  }

  /** Resolves once the changes of a task are durable; `null` if none is on its way. Rejects when the room closes. */
  durable(taskId: string): Promise<void> | null {
    return this.#pending.get(taskId)?.durable.promise ?? null
  }

  /** Notes which tasks that it `concerns` are changed from now on. */
  watch(concerns: (taskId: string) => boolean): Watch {
    const watch = { concerns, ids: new Set<string>() }
    this.#watches.add(watch)
    return {
      has: (taskId) => watch.ids.has(taskId),
      reset: () => watch.ids.clear(),
      stop: () => void this.#watches.delete(watch),
    }
  }

  close(error: Error): void {
    for (const { durable } of this.#pending.values()) durable.reject(error)
    this.#pending.clear()
  }
}
