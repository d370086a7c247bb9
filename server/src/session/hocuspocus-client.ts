import type { Hocuspocus } from '@hocuspocus/server'
import { InterplayError, isErrorCode } from '@interplay/shared'
import type { Joining } from '../room/hocuspocus.ts'
import type { Line } from './line.ts'

export type HocuspocusClient = ReturnType<Hocuspocus['handleConnection']>

/** What Hocuspocus wants of its client. */
export interface HocuspocusTarget {
  send(frame: Uint8Array): void
  close(): void
}

/** A Hocuspocus client of its own for one session, over the line of many. */
export function connectHocuspocus(
  hocuspocus: Hocuspocus,
  line: Line,
  joining: Joining,
  target: HocuspocusTarget,
): HocuspocusClient {
  const client = hocuspocus.handleConnection(
    {
      get readyState() {
        return line.readyState
      },
      send: (bytes: unknown) => target.send(bytes as Uint8Array),
      close: () => target.close(),
    },
    line.request,
    { joining },
  )
  // Hocuspocus keeps these in plain objects, where a room named `constructor` would be found before it exists.
  for (const field of [
    'documentConnections',
    'incomingMessageQueue',
    'incomingMessageQueueBytes',
    'hookPayloads',
  ]) {
    Object.setPrototypeOf(Reflect.get(client, field), null)
  }
  return client
}

/** What Hocuspocus was told when it could not open the room: a code of ours, or a word of an extension. */
export function deniedBecause(reason: string): InterplayError {
  if (!isErrorCode(reason)) return new InterplayError('forbidden', `The join was refused: ${reason}`)
  return new InterplayError(reason, 'The room cannot be opened right now.')
}
