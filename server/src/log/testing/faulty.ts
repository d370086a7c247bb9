import type { UpdateLog } from '../log.ts'

export interface LogCall {
  readonly method: Exclude<keyof UpdateLog, 'close'>
  /** The room of the call, where it is about one. */
  readonly room?: string
}

/** What goes wrong. A fault that throws fails the call with that error; one that waits delays it. */
export interface LogFaults {
  /** Before the log sees the call: when this throws, nothing is stored. */
  before?(call: LogCall): void | Promise<void>
  /** After the log has done it: when this throws, it is done, and the caller does not learn of it. */
  after?(call: LogCall): void | Promise<void>
}

/** A log whose calls fail or hang when told to. `faults` may change at any time. */
export function faultyLog(log: UpdateLog, faults: LogFaults): UpdateLog {
  const through = async <T>(
    method: LogCall['method'],
    room: string | undefined,
    run: () => Promise<T>,
  ): Promise<T> => {
    const call = room === undefined ? { method } : { method, room }
    await faults.before?.(call)
    const result = await run()
    await faults.after?.(call)
    return result
  }
  return {
    load: (room) => through('load', room, () => log.load(room)),
    append: (room, entries, after) => through('append', room, () => log.append(room, entries, after)),
    replies: (room, eventIds) => through('replies', room, () => log.replies(room, eventIds)),
    eventIds: (room, after, limit) => through('eventIds', room, () => log.eventIds(room, after, limit)),
    compact: (room, position, snapshot, note) =>
      through('compact', room, () => log.compact(room, position, snapshot, note)),
    prune: (before) => through('prune', undefined, () => log.prune(before)),
    dueTasks: (until, limit, after) =>
      through('dueTasks', undefined, () => log.dueTasks(until, limit, after)),
    countTasks: () => through('countTasks', undefined, () => log.countTasks()),
    tasks: (room, after, limit) => through('tasks', room, () => log.tasks(room, after, limit)),
    journal: (room, after, limit, match) =>
      through('journal', room, () => log.journal(room, after, limit, match)),
    rooms: (after, limit) => through('rooms', undefined, () => log.rooms(after, limit)),
    close: () => log.close(),
  }
}
