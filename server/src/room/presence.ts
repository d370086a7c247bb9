import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Awareness } from 'y-protocols/awareness'

/** One client's presence in an awareness update (y-protocols `awareness.js`): its state is JSON, `null` when it left. */
export interface PresenceEntry {
  readonly clientId: number
  readonly clock: number
  readonly state: string
}

export function writePresence(entries: readonly PresenceEntry[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, entries.length)
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, state)
  }
  return encoding.toUint8Array(encoder)
}

/** Throws on bytes that are no awareness update, states that are not JSON objects included. */
export function readPresence(update: Uint8Array): PresenceEntry[] {
  const decoder = decoding.createDecoder(update)
  const entries: PresenceEntry[] = []
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const clientId = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    const state = decoding.readVarString(decoder)
    if (typeof JSON.parse(state) !== 'object') throw new Error('a presence that is no object')
    entries.push({ clientId, clock, state })
  }
  return entries
}

/** What presence is bound to: one session, and the user it was admitted as. */
export interface PresenceHolder {
  readonly userId: string
  /** Awareness client ids that this session introduced. */
  readonly clientIds: Set<number>
}

/**
 * Binds every awareness client id to the session that introduced it (P1). A session that comes back before its old socket
 * is known to be dead takes its id over, if it is the same user.
 */
export class PresenceOwners {
  readonly #awareness: Awareness
  readonly #owners = new Map<number, PresenceHolder>()

  constructor(awareness: Awareness) {
    this.#awareness = awareness
  }

  /**
   * Keeps the entries that a session may write. The clock of a client that comes back after it was removed is lifted,
   * since others remember its last one and would ignore it (P2).
   */
  admit(holder: PresenceHolder, entries: readonly PresenceEntry[]): PresenceEntry[] {
    const admitted: PresenceEntry[] = []
    for (const entry of entries) {
      if (!this.#claim(holder, entry)) continue
      if (entry.state === 'null') this.#owners.delete(entry.clientId)
      const known = this.#awareness.meta.get(entry.clientId)?.clock ?? -1
      const returns = entry.state !== 'null' && !this.#awareness.states.has(entry.clientId)
      admitted.push(returns && entry.clock <= known ? { ...entry, clock: known + 1 } : entry)
    }
    return admitted
  }

  /** Forgets a session that is gone. */
  release(holder: PresenceHolder): void {
    for (const clientId of holder.clientIds) {
      if (this.#owners.get(clientId) === holder) this.#owners.delete(clientId)
    }
  }

  #claim(holder: PresenceHolder, { clientId, state }: PresenceEntry): boolean {
    const owner = this.#owners.get(clientId)
    if (owner === holder) return true
    if (state === 'null') return false
    if (owner && owner.userId !== holder.userId) return false
    owner?.clientIds.delete(clientId)
    this.#owners.set(clientId, holder)
    holder.clientIds.add(clientId)
    return true
  }
}
