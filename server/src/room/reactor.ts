import type { Deadline } from '../events/deadline.ts'
import type { Draft } from '../events/draft.ts'
import type { AnyImplementation } from '../events/implement.ts'
import { Context, type Ran, type RunPlace, runOnDraft } from '../events/run.ts'
import type { Logger } from '../observe/logging.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Inbox } from './inbox.ts'
import { reactionRecord } from './journal.ts'
import type { Member } from './members.ts'
import { byReaction, byUser, type DueReaction, type Reactions } from './reactions.ts'
import type { EntryParts } from './recorder.ts'
import type { Writer } from './writer.ts'

export interface ReactorRoom {
  readonly name: string
  readonly inbox: Inbox
  readonly writer: Writer
  readonly reactions: Reactions
  readonly logger: Logger
  readonly metrics: Metrics
  readonly clock: () => number
  readonly keepsJournal: boolean
  implementation(): AnyImplementation | null
  place(): RunPlace
  /** Keeps the room in memory until its inbox has been empty once more. */
  hold(): void
  record(ran: Ran, parts: EntryParts, userId: string, settled: () => void): void
}

type Lifecycle = 'opened' | 'joined' | 'left' | 'idle'
type Reaction = (context: never) => unknown

/** Runs reactions, in the room's inbox like events: those to fields that changed, and those to comings and goings. */
export class Reactor {
  readonly #room: ReactorRoom
  #isDue = false

  constructor(room: ReactorRoom) {
    this.#room = room
  }

  /** Whether something is there to react to. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** Something has changed to react to. What happens in one turn is reacted to together. */
  due(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#room.hold()
    setImmediate(() => this.#room.inbox.push(() => this.#react()))
  }

  /** Runs a reaction to a coming or going, if there is one. Calls back once it has taken effect. */
  lifecycle(name: Lifecycle, member: Member | null = null, settled: () => void = () => {}): void {
    const reaction = this.#room.implementation()?.code.lifecycle[name]
    if (!reaction) return settled()
    const who = member ? { actor: member.actor, sessionId: member.sessionId } : {}
    const parts = member ? { by: byUser(member.actor.userId) } : {}
    this.#room.hold()
    this.#room.inbox.push(() =>
      this.#run(
        name,
        reaction,
        () => who,
        () => parts,
        settled,
      ),
    )
  }

  /**
   * Reactions see what is durable and in the document: what a handler did and is on its way into the log has been seen by
   * nobody yet. So they wait for the log, and no event runs meanwhile: then the log's last position says all that they see.
   * In a room that closes the wait has no end, and neither has anything else in its inbox.
   */
  async #react(): Promise<void> {
    const { writer, reactions } = this.#room
    if (writer.unsaved > 0) await writer.drained()
    this.#isDue = false
    while (writer.position < reactions.notedAt) writer.push({})
    for (const due of reactions.take(writer.position)) await this.#changed(due)
  }

  #changed({ name, upTo, by, isLoop, difference }: DueReaction): void | Promise<void> {
    const { reactions, logger, metrics, implementation } = this.#room
    const reaction = implementation()?.code.changed.get(name)
    const landed = () => reactions.landed(name)
    // The code was replaced by some that does not react.
    if (!reaction || !reactions.has(name)) return landed()
    const parts = () => ({ by: byReaction(name), ...(reactions.has(name) && { reacted: { [name]: upTo } }) })
    if (isLoop) {
      metrics.loops.inc()
      logger.error(
        { room: this.#room.name, field: name },
        'reactions set each other off without end: it was cut',
      )
      return this.#room.record(untouched, parts(), reactionUser, landed)
    }
    return this.#run(`changed:${name}`, reaction, () => ({ ...difference(), by }), parts, landed)
  }

  #run(
    name: string,
    reaction: Reaction,
    extra: () => object,
    parts: () => EntryParts,
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
      (context) => reaction(Object.assign(context, extra()) as never),
      () => undefined,
    )
    const done = (result: Ran) => this.#done(name, result, parts(), performance.now() - startedAt, settled)
    return ran instanceof Promise ? ran.then(done) : done(ran)
  }

  /** A reaction that failed has seen what it was run for like any other: it is not run for it again. */
  #done(name: string, ran: Ran, parts: EntryParts, durationMs: number, settled: () => void): void {
    const room = this.#room
    const { outcome } = ran
    // What was thrown by mistake has been logged where it was caught.
    if (!outcome.ok && outcome.error.code !== 'internal')
      room.logger.error({ room: room.name, ...outcome.error }, `the reaction '${name}' failed`)
    const hasDone = ran.change !== null || ran.tasks.length > 0 || parts.reacted !== undefined
    const journal =
      room.keepsJournal && (hasDone || !outcome.ok)
        ? { journal: reactionRecord(name, outcome, room.clock(), durationMs) }
        : {}
    room.record(ran, { ...parts, ...journal }, reactionUser, settled)
  }
}

/** As whom reactions send events to other rooms. */
const reactionUser = 'reaction'

const untouched: Ran = {
  outcome: { ok: true, output: undefined },
  change: null,
  signals: [],
  tasks: [],
}
