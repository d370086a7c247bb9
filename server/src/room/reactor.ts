import type { Outcome } from '@interplay/shared/protocol'
import type { Deadline } from '../events/deadline.ts'
import type { Draft } from '../events/draft.ts'
import type { AnyImplementation } from '../events/implement.ts'
import { Context, type Ran, type RunPlace, runOnDraft } from '../events/run.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import { compare } from './field-changes.ts'
import type { Inbox } from './inbox.ts'
import { reactionRecord } from './journal.ts'
import type { Member, Members } from './members.ts'
import { byReaction, type Reactions } from './reactions.ts'
import type { EntryParts } from './recorder.ts'
import type { Writer } from './writer.ts'

export interface ReactorRoom {
  readonly name: string
  readonly inbox: Inbox
  readonly writer: Writer
  readonly reactions: Reactions
  readonly members: Members
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
  readonly keepsJournal: boolean
  implementation(): AnyImplementation | null
  place(): RunPlace
  record(ran: Ran, parts: EntryParts, userId: string, settled: () => void): void
}

type Lifecycle = 'opened' | 'joined' | 'left' | 'idle'

/** Runs reactions, in the room's inbox like events: those to fields that changed, and those to comings and goings. */
export class Reactor {
  readonly #room: ReactorRoom
  readonly #queued = new Set<string>()
  #scheduled = false

  constructor(room: ReactorRoom) {
    this.#room = room
  }

  /** Something may be there to react to. What happens in one turn is reacted to together. */
  due(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const field of this.#room.reactions.due) {
        if (this.#queued.has(field)) continue
        this.#queued.add(field)
        this.#room.inbox.push(() => this.#changed(field))
      }
    })
  }

  /** Runs a reaction to a coming or going, if there is one. Calls back once it has taken effect. */
  lifecycle(name: Lifecycle, member: Member | null = null, settled: () => void = () => {}): void {
    const reaction = this.#room.implementation()?.code.lifecycle[name]
    if (!reaction) return settled()
    this.#room.inbox.push(() => this.#run(name, reaction, sessionOf(member), {}, settled))
  }

  /**
   * A reaction sees what is durable and in the document: changes of handlers that are on their way have been seen by nobody
   * yet. So it waits for the log, and holds the position up to which it has seen everything.
   */
  async #changed(field: string): Promise<void> {
    const { writer, reactions, logger, metrics, name } = this.#room
    if (writer.unsaved > 0) await writer.drained()
    this.#queued.delete(field)
    const reaction = this.#room.implementation()?.code.changed.get(field)
    const upTo = writer.position
    const taken = reactions.take(field, upTo)
    const parts = { by: byReaction(field), reacted: { [field]: upTo } }
    const landed = () => reactions.landed(field)
    if (taken.isLoop || !reaction) {
      if (taken.isLoop) {
        metrics.loops.inc()
        logger.error({ room: name, field }, 'reactions set each other off without end: this one was cut')
      }
      return this.#room.record(untouched, parts, reactionUser, landed)
    }
    const extra = (context: Context) => ({
      ...compare(taken.changes, taken.field, Reflect.get(context.state, field) as object),
      by: taken.changes.by,
    })
    await this.#run(`changed:${field}`, reaction, extra, parts, landed)
  }

  #run(
    name: string,
    reaction: (context: never) => unknown,
    extra: (context: Context) => object,
    parts: EntryParts,
    settled: () => void,
  ): void | Promise<void> {
    const room = this.#room
    const implementation = room.implementation()!
    const startedAt = performance.now()
    const place = room.place()
    const ran = runOnDraft(
      `The reaction '${name}'`,
      place,
      (draft: Draft, deadline: Deadline) => new Context(implementation, place, draft, deadline),
      (context) => {
        const more = extra(context)
        if (isNothing(more)) return undefined
        return reaction(Object.assign(context, more) as never)
      },
      () => undefined,
    )
    const done = (result: Ran) => {
      const idle = result.change === null && result.tasks.length === 0 && result.outcome.ok
      // Nothing came of it, and nobody needs to know that it has seen this.
      if (idle && !parts.reacted) {
        for (const signal of result.signals) room.members.signal(signal)
        return settled()
      }
      const journal = room.keepsJournal
        ? { journal: reactionRecord(name, result.outcome, room.clock(), performance.now() - startedAt) }
        : {}
      room.record(result, { by: byReaction(name), ...parts, ...journal }, reactionUser, settled)
    }
    return ran instanceof Promise ? ran.then(done) : done(ran)
  }
}

/** As whom reactions send events to other rooms. */
const reactionUser = 'reaction'
const untouched: Ran = {
  outcome: { ok: true, output: undefined } satisfies Outcome,
  change: null,
  signals: [],
  tasks: [],
}

function sessionOf(member: Member | null): () => object {
  if (!member) return () => ({})
  const { actor, sessionId } = member
  return () => ({ actor, sessionId })
}

/** A change that came to nothing: what was added is gone again. */
function isNothing(more: object): boolean {
  if (!('added' in more)) return false
  const { added, changed, removed } = more as Record<string, readonly unknown[]>
  return added!.length + changed!.length + removed!.length === 0
}
