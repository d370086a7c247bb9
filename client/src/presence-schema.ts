import { type AnyRoom, InterplayError, validateSync } from '@interplay/shared'
import type { PresenceState } from './presence.ts'

/** Checks presences against the schema of whichever definition the room has. */
export function presenceOf(definition: () => AnyRoom | null) {
  return {
    check(presence: unknown) {
      const of = definition()
      if (of) validateSync(of.presence, presence)
    },
    parse(state: PresenceState): unknown {
      const of = definition()
      if (!of) return state
      if (!of.presence) return undefined
      try {
        return validateSync(of.presence, state)
      } catch (error) {
        if (error instanceof InterplayError) return null
        throw error
      }
    },
  }
}
