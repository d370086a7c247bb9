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
  setImmediate(endTurn)
}

function endTurn(): void {
  // What is asked for from now on has the next turn; what rooms ask of sockets is still done in this one.
  due = false
  run('rooms')
  run('sockets')
}

function run(stage: keyof typeof stages): void {
  const flushes = stages[stage]
  stages[stage] = []
  for (const flush of flushes) {
    try {
      flush()
    } catch (error) {
      // One that throws must not cost the others their turn.
      process.emitWarning(error instanceof Error ? error : String(error))
    }
  }
}
