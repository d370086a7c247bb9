import { createHash, randomUUID } from 'node:crypto'
import { InterplayError } from '@interplay/shared'
import { createRemoteJWKSet, type JWTVerifyOptions, jwtVerify } from 'jose'
import type { Claims } from '../events/implement.ts'
import type { Authenticate } from './admit.ts'

export type JwtOptions = (
  | {
      /** Shared secret, for HS256, HS384 and HS512. At least 32 bytes. */
      readonly secret: string
    }
  | {
      /** URL of a JSON Web Key Set (RFC 7517), fetched when first needed and cached. */
      readonly jwks: string | URL
    }
) &
  Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'clockTolerance'>

/** Verifies JSON Web Tokens (RFC 7519). A token needs a `sub` (the user) and should have an `exp`. */
export function jwt(options: JwtOptions): Authenticate {
  const { issuer, audience, clockTolerance } = options
  const rules = {
    ...(issuer && { issuer }),
    ...(audience && { audience }),
    ...(clockTolerance && { clockTolerance }),
  }
  const check = verifier(options, rules)
  return async (token) => {
    if (token === '')
      throw new InterplayError('unauthorized', 'This server needs a token, and none was sent.')
    const claims = await check(token).catch((cause) => {
      throw new InterplayError('unauthorized', `The token is not valid: ${reasonOf(cause)}`, { cause })
    })
    if (typeof claims.sub !== 'string' || claims.sub === '') {
      throw new InterplayError('unauthorized', "The token has no 'sub': it must say who the user is.")
    }
    return claims as Claims
  }
}

/** What the SDK sends where it has no token: a secret of its own, so that a client that comes back is known again. */
const anonymousPrefix = 'anonymous:'

/**
 * Lets everybody in who can connect. A client that sends the same token is the same user; without one, a socket is
 * somebody new and a request is `anonymous`. For demonstrations and local work.
 */
export function anonymous(): Authenticate {
  return (token, request) => {
    if (token === '' && !request.headers.has('upgrade')) return { sub: 'anonymous' }
    const id = token === '' ? randomUUID() : createHash('sha256').update(token).digest('hex').slice(0, 32)
    return { sub: `${anonymousPrefix}${id}` }
  }
}

function verifier(
  options: JwtOptions,
  rules: JWTVerifyOptions,
): (token: string) => Promise<Record<string, unknown>> {
  if ('secret' in options) {
    const key = new TextEncoder().encode(options.secret)
    if (key.length < 32)
      throw new TypeError('The secret of jwt() needs at least 32 bytes (RFC 7518, section 3.2).')
    return async (token) =>
      (await jwtVerify(token, key, { ...rules, algorithms: ['HS256', 'HS384', 'HS512'] })).payload
  }
  const keys = createRemoteJWKSet(new URL(options.jwks))
  return async (token) => (await jwtVerify(token, keys, rules)).payload
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
