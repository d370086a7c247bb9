import { type Frame, type JobStatus, writeFrame } from '@interplay/shared/protocol'
import type { Actor } from '../events/context.ts'
import type { SentSignal } from '../events/effects.ts'

/** A session that is in a room, as its room sees it. */
export interface Member {
  /** How its client addresses the room. */
  readonly key: string
  readonly sessionId: string
  readonly actor: Actor
  /** It reads too slowly: what nobody stores, or comes again, it is not sent. */
  readonly isBehind: boolean
  /** Sends a runtime frame, if the client speaks them. */
  sendRuntime(frame: Uint8Array): void
}

/** Hears signals without being a session: one who watches over HTTP. */
export interface Watcher {
  readonly actor: Actor
  signal(name: string, payload: unknown): void
}

/** Who is in a room, and what is broadcast to them. */
export class Members {
  readonly #members = new Set<Member>()
  readonly #watchers = new Set<Watcher>()

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

  /** Returns the stop. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  signal({ name, payload, to }: SentSignal): void {
    this.#send((room) => ({ kind: 'signal', room, name, payload }), to)
    for (const watcher of this.#watchers)
      if (to === null || to.users?.includes(watcher.actor.userId)) watcher.signal(name, payload)
  }

  job(job: JobStatus): void {
    this.#send((room) => ({ kind: 'job', room, job }))
  }

  /** Tells one member of a job: it has just come. */
  jobTo(member: Member, job: JobStatus): void {
    member.sendRuntime(writeFrame({ kind: 'job', room: member.key, job }))
  }

  /** A frame is encoded once for all who address the room alike. */
  #send(frame: (room: string) => Frame, to: SentSignal['to'] = null): void {
    const encoded = new Map<string, Uint8Array>()
    for (const member of this.#members) {
      if (member.isBehind) continue
      if (to && !to.users?.includes(member.actor.userId) && !to.sessions?.includes(member.sessionId)) continue
      let bytes = encoded.get(member.key)
      if (!bytes) {
        bytes = writeFrame(frame(member.key))
        encoded.set(member.key, bytes)
      }
      member.sendRuntime(bytes)
    }
  }
}
