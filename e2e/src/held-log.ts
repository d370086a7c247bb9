import { memoryLog, type UpdateLog } from '@interplay/server'

/** A log whose appends hang while it is held. Everything else is answered. */
export interface HeldLog {
  readonly log: UpdateLog
  hold(): void
  release(): void
  /** Appends that hang now. */
  readonly waiting: number
}

export function heldLog(log: UpdateLog = memoryLog()): HeldLog {
  let held = Promise.withResolvers<void>()
  held.resolve()
  let waiting = 0
  const append: UpdateLog['append'] = async (...args) => {
    waiting += 1
    await held.promise
    waiting -= 1
    return log.append(...args)
  }
  return {
    log: new Proxy(log, {
      get(target, key) {
        if (key === 'append') return append
        const member: unknown = Reflect.get(target, key)
        return typeof member === 'function' ? member.bind(target) : member
      },
    }),
    hold() {
      held = Promise.withResolvers()
    },
    release() {
      held.resolve()
    },
    get waiting() {
      return waiting
    },
  }
}
