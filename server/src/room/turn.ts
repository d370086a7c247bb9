type Flush = () => void

/** In this order: rooms make frames of what happened in the turn, sockets write the frames. */
const stages = { rooms: [] as Flush[], sockets: [] as Flush[] }
let due = false

/**
 * Calls back at the end of this turn of the event loop, once everything that has arrived is worked through. One callback
 * for all rooms and sockets, so that what a room sends leaves in the same turn.
 */
export function atTurnEnd(stage: keyof typeof stages, flush: Flush): void {
  stages[stage].push(flush)
  if (due) return
  due = true
  setImmediate(() => {
    run('rooms')
    due = false
    run('sockets')
  })
}

function run(stage: keyof typeof stages): void {
  const flushes = stages[stage]
  stages[stage] = []
  for (const flush of flushes) flush()
}
