import type { EventDefinition, InterplayError } from '@interplay/shared'
import { maxEventNameLength, type Outcome } from '@interplay/shared/protocol'
import { type EventRequest, runEvent, type Verdict } from '../events/dispatch.ts'
import type { AnyImplementation } from '../events/implement.ts'
import type { RunPlace } from '../events/run.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Inbox } from './inbox.ts'
import { eventRecord, isPassing } from './journal.ts'
import { byUser } from './reactions.ts'
import type { EntryParts } from './recorder.ts'
import type { StoredReplies } from './stored-replies.ts'

/** Whoever dispatched an event: told its outcome, or that the room closed before there was one. Neither may throw. */
export interface Caller {
  readonly answered: (outcome: Outcome) => void
  /** The same id, dispatched again, still runs once. */
  readonly lost: (error: InterplayError) => void
}

/** An event that has no answer yet. */
interface InFlight {
  readonly key: string
  readonly request: EventRequest
  readonly contract: EventDefinition | null
  /** Its outcome, if it has one from before; `null` where it certainly has none. */
  readonly stored: Promise<Outcome | null> | null
  readonly callers: Caller[]
}

export interface DispatcherRoom {
  readonly name: string
  readonly inbox: Inbox
  readonly stored: StoredReplies
  readonly metrics: Metrics
  readonly clock: () => number
  readonly keepsJournal: boolean
  implementation(): AnyImplementation | null
  place(): RunPlace
  /** Records what an event did; calls back when it has taken effect. */
  record(verdict: Verdict, parts: EntryParts, userId: string, settled: () => void): void
  /** Lets what an event did take effect at once. Returns `false` where it has to wait for the log. */
  recordLater(verdict: Verdict, parts: EntryParts, userId: string): boolean
  note(parts: EntryParts): void
}

/** Answers each event id once: from what is stored, from the run under way, or by running it in its turn. */
export class Dispatcher {
  readonly #room: DispatcherRoom
  readonly #inFlight = new Map<string, InFlight>()

  constructor(room: DispatcherRoom) {
    this.#room = room
  }

  /** The caller is told when the event's effect is durable and in the document. */
  dispatch(request: EventRequest, caller: Caller): void {
    if (request.event.length > maxEventNameLength) {
      const message = `An event's name has at most ${maxEventNameLength} characters.`
      this.#room.metrics.events.inc({ outcome: 'unknown-event' })
      return caller.answered(failed('unknown-event', message))
    }
    const key = replyKey(request)
    const running = this.#inFlight.get(key)
    if (running) {
      running.callers.push(caller)
      return
    }
    const contract = this.#contract(request.event)
    const stored = contract?.durability === 'none' ? null : this.#room.stored.find(key)
    const event: InFlight = { key, request, contract, stored, callers: [caller] }
    this.#inFlight.set(key, event)
    if (!this.#room.inbox.offer(() => this.#run(event)))
      this.#answer(event, failed('overloaded', `The inbox of '${this.#room.name}' is full.`))
  }

  close(error: InterplayError): void {
    for (const { callers } of this.#inFlight.values()) {
      this.#room.metrics.events.inc({ outcome: error.code })
      for (const { lost } of callers) lost(error)
    }
    this.#inFlight.clear()
  }

  #run(event: InFlight): void | Promise<void> {
    if (event.stored === null) return this.#handle(event)
    return event.stored.then((reply) => (reply ? this.#answer(event, reply) : this.#handle(event)))
  }

  #handle(event: InFlight): void | Promise<void> {
    const implementation = this.#room.implementation()
    if (!implementation) {
      const message = `'${this.#room.name}' has no definition, and so no events.`
      return this.#answer(event, failed('unknown-event', message))
    }
    const startedAt = performance.now()
    const verdict = runEvent(implementation, event.request, this.#room.place())
    const handled = (done: Verdict) => {
      const durationMs = performance.now() - startedAt
      this.#room.metrics.handlerSeconds.observe(durationMs / 1000)
      this.#record(event, done, durationMs)
    }
    return verdict instanceof Promise ? verdict.then(handled) : handled(verdict)
  }

  #record(event: InFlight, verdict: Verdict, durationMs: number): void {
    const room = this.#room
    const { request, contract } = event
    const { outcome } = verdict
    const at = room.clock()
    const isStored = contract?.durability !== 'none'
    const journal =
      room.keepsJournal && isStored
        ? eventRecord(request, outcome, at, durationMs, contract?.redact ?? [])
        : undefined
    // What failed for the time being left nothing behind: its id stays free for another attempt.
    if (!verdict.handled || isPassing(outcome)) {
      if (journal) room.note({ journal })
      return this.#answer(event, outcome)
    }
    const { userId } = request.actor
    if (!isStored && room.recordLater(verdict, { by: byUser(userId) }, userId))
      return this.#answer(event, outcome)
    const reply = isStored ? { reply: { eventId: event.key, at, outcome } } : {}
    room.record(verdict, { ...reply, by: byUser(userId), ...(journal && { journal }) }, userId, () =>
      this.#answer(event, outcome),
    )
  }

  #contract(event: string): EventDefinition | null {
    const events = this.#room.implementation()?.definition.events
    return events && Object.hasOwn(events, event) ? events[event]! : null
  }

  #answer(event: InFlight, outcome: Outcome): void {
    if (!this.#inFlight.delete(event.key)) return
    this.#room.metrics.events.inc({ outcome: outcome.ok ? 'ok' : outcome.error.code })
    for (const { answered } of event.callers) answered(outcome)
  }
}

/** An event id is its user's own: nobody is answered with the reply of another. */
function replyKey({ id, actor }: EventRequest): string {
  return `${actor.userId}\n${id}`
}

function failed(code: string, message: string): Outcome {
  return { ok: false, error: { code, message } }
}
