import type { JobStatus } from '@interplay/shared/protocol'
import type { Actor } from '../events/context.ts'
import type { SentSignal } from '../events/effects.ts'

/** A session that is in a room, as its room sees it. */
export interface Member {
  readonly sessionId: string
  readonly actor: Actor
  signal(name: string, payload: unknown): void
  job(job: JobStatus): void
}

/** Who is in a room, and what is broadcast to them. */
export class Members {
  readonly #members = new Set<Member>()

  get size(): number {
    return this.#members.size
  }

  add(member: Member): void {
    this.#members.add(member)
  }

  /** Says whether it was there. */
  remove(member: Member): boolean {
    return this.#members.delete(member)
  }

  signal({ name, payload, to }: SentSignal): void {
    for (const member of this.#members) {
      const isMeant =
        to === null || to.users?.includes(member.actor.userId) || to.sessions?.includes(member.sessionId)
      if (isMeant) member.signal(name, payload)
    }
  }

  job(job: JobStatus): void {
    for (const member of this.#members) member.job(job)
  }
}
