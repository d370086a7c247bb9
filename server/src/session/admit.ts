import { InterplayError } from '@interplay/shared'
import type { Actor } from '../events/context.ts'
import type { Claims } from '../events/implement.ts'
import type { RoomCode } from '../room/room.ts'

/**
 * Verifies a token and says what it claims. Throws when it is not to be trusted; an `InterplayError` travels to the caller
 * as it is, anything else becomes `unauthorized`. `token` is empty when a client sent none.
 */
export type Authenticate = (token: string, request: Request) => Claims | Promise<Claims>

/** Who a verified token is in a room: what its `admit` returned, or the token's subject where there is none. */
export async function admit(
  authenticate: Authenticate,
  token: string,
  room: string,
  code: RoomCode | null,
  request: Request,
): Promise<Actor> {
  const claims = await verify(authenticate, token, request)
  const ask = code?.implementation.code.admit
  if (!ask) {
    const { sub: userId, canEdit, canOperate } = claims
    return {
      userId,
      ...(canEdit === false && { canEdit: false }),
      ...(canOperate === true && { canOperate: true }),
    }
  }
  try {
    const actor = await ask({ token: claims, params: code.params, room, request, fail: refuse })
    if (typeof actor?.userId !== 'string')
      throw new Error("'admit' must return an actor: { userId: string, … }")
    return actor
  } catch (cause) {
    if (cause instanceof InterplayError) throw cause
    throw new InterplayError(
      'internal',
      `'${room}' could not decide who you are; the server's log says why.`,
      { cause },
    )
  }
}

async function verify(authenticate: Authenticate, token: string, request: Request): Promise<Claims> {
  try {
    return await authenticate(token, request)
  } catch (cause) {
    if (cause instanceof InterplayError) throw cause
    throw new InterplayError('unauthorized', 'The token could not be verified. Fetch a new one.', { cause })
  }
}

const refuse = (code: string, message: string, details?: unknown): never => {
  throw new InterplayError(code, message, { details })
}
