import { createState } from '@interplay/shared'
import type { Room } from '../room/room.ts'
import { openState } from './open-state.ts'

/** The state of a room as plain JSON: its fields as the definition has them, or what an open room looks like. */
export function stateOf({ code, document }: Room): unknown {
  if (!code) return openState(document)
  const transact = () => {
    throw new Error('This view is for reading.')
  }
  return createState(code.implementation.definition, document, { writer: 'client', transact }).toJSON()
}
