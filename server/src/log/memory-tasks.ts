import { byteOrder } from './byte-order.ts'
import type { DuePlace, DueTask, StoredTask, TaskChange, TaskCounts } from './log.ts'

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

  due(until: number, limit: number, after: DuePlace | null = null): DueTask[] {
    const found: DueTask[] = []
    for (let at = after ? this.#placeBehind(after) : 0; found.length < limit; at++) {
      const task = this.#due[at]
      if (!task || task.due > until) break
      found.push({ ...task })
    }
    return found
  }

  count(): TaskCounts {
    let all = 0
    for (const tasks of this.#rooms.values()) all += tasks.size
    return { timed: this.#due.length, untimed: all - this.#due.length }
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

  #placeBehind(task: DuePlace): number {
    const place = this.#place(task)
    const found = this.#due[place]
    return found && dueOrder(found, task) === 0 ? place + 1 : place
  }

  /** Where a task stands or would stand. */
  #place(task: DuePlace): number {
    let [low, high] = [0, this.#due.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (dueOrder(this.#due[middle]!, task) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Two that are due at `Infinity` have no difference. */
const dueOrder = (one: DuePlace, two: DuePlace) =>
  one.due - two.due || byteOrder(one.room, two.room) || byteOrder(one.id, two.id)
