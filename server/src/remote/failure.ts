import { InterplayError, type Issue } from '@interplay/shared'

/**
 * The service answered with something that is no reply: its fault, and nothing that a caller or a retry could mend. The
 * caller learns what `details` say, and never where the service is.
 */
export function badReply(
  fault: string,
  details: { readonly operation: number; readonly path: readonly (string | number)[] | null } | null = null,
  options: { readonly cause?: unknown; readonly issues?: readonly Issue[] } = {},
): InterplayError {
  const message = `The answer of the remote handler was refused: ${fault}.`
  return new InterplayError('internal', message, { ...options, details: { reason: 'bad-reply', ...details } })
}

/** Why there was no reply. */
export type Outage = 'network' | 'timeout' | 'status' | 'circuit-open'

/** The service cannot answer now. `retryAfterMs` is known if its circuit is open, or if it asked for a time. */
export function unavailable(reason: Outage, retryAfterMs: number | null): InterplayError {
  const message = {
    network: 'The remote handler cannot be reached.',
    timeout: 'The remote handler did not answer in time.',
    status: 'The remote handler cannot answer now.',
    'circuit-open': 'The remote handler has failed too often, and is left alone for a time.',
  }[reason]
  return new InterplayError('unavailable', message, {
    details: { reason, ...(retryAfterMs !== null && { retryAfterMs }) },
  })
}
