import type { Room } from '@interplay/client'
import type { PresenceInput } from '@interplay/shared'
import type { board } from '../board.ts'

/** A pointer moves more often than anybody's screen needs to know. */
const sendEveryMs = 50

type Change = Partial<Pick<PresenceInput<typeof board>, 'pointer' | 'pressed' | 'tool' | 'selected'>>

/** Sends changes of this session's presence: the first at once, those that follow together. */
export function createPresenceSender(presence: Pick<Room<typeof board>['presence'], 'update'>) {
  let waiting: Change | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  let selection: object = {}

  const send = () => {
    timer = null
    if (!waiting) return
    presence.update(waiting)
    waiting = null
    timer = setTimeout(send, sendEveryMs)
  }
  const update = (change: Change) => {
    waiting = { ...waiting, ...change }
    if (!timer) send()
  }

  return {
    update,
    /** Takes Excalidraw's selection, which is another object whenever it changes. */
    select(selected: Readonly<Record<string, true>>) {
      if (selected === selection) return
      selection = selected
      update({ selected: Object.keys(selected).slice(0, 500) })
    },
    stop() {
      if (timer) clearTimeout(timer)
    },
  }
}
