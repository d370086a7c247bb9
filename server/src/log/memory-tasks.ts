import { byteOrder } from './byte-order.ts'
import type { DueTask, StoredTask, TaskChange } from './log.ts'

/** What all rooms of a memory log owe: by room, and in the order in which it is due. */
export class MemoryTasks {
  readonly #rooms = new Map<string, Map<string, StoredTask>>()
  readonly #due: DueTask[] = []

  change(room: string, changes: readonly TaskChange[]): void {
    const tasks = this.#rooms.get(room) ?? new Map<string, StoredTask>()
    this.#rooms.set(room, tasks)
    for (const change of changes) {
      const id = 'put' in change ? change.put.id : change.drop
      this.#remove(room, tasks.get(id))
      tasks.delete(id)
      if (!('put' in change)) continue
      const { due, content } = change.put
      tasks.set(id, { id, due, content })
      if (due !== null) this.#due.splice(this.#place({ room, id, due }), 0, { room, id, due, content })
    }
  }

  due(until: number, limit: number): DueTask[] {
    const end = this.#due.findIndex(({ due }, index) => due > until || index === limit)
    return this.#due.slice(0, end === -1 ? undefined : end).map((task) => ({ ...task }))
  }

  of(room: string, after: string, limit: number): StoredTask[] {
    const tasks = [...(this.#rooms.get(room)?.values() ?? [])].filter(({ id }) => byteOrder(id, after) > 0)
    return tasks
      .sort((one, two) => byteOrder(one.id, two.id))
      .slice(0, limit)
      .map((task) => ({ ...task }))
  }

  #remove(room: string, task: StoredTask | undefined): void {
    if (task && task.due !== null) this.#due.splice(this.#place({ room, id: task.id, due: task.due }), 1)
  }

  /** Where a task stands or would stand. */
  #place(task: Due): number {
    let [low, high] = [0, this.#due.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (dueOrder(this.#due[middle]!, task) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

type Due = Omit<DueTask, 'content'>

const dueOrder = (one: Due, two: Due) =>
  one.due - two.due || byteOrder(one.room, two.room) || byteOrder(one.id, two.id)
