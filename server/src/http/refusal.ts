import { errorKind, InterplayError } from '@interplay/shared'

/** The answer to a request that failed: the error as JSON, with the status of its code. */
export function refusal(error: InterplayError): Response {
  const headers: Record<string, string> = error.retry ? { 'retry-after': String(secondsUntil(error)) } : {}
  return Response.json({ error: error.toJSON() }, { status: errorKind(error.code).http, headers })
}

const dayMs = 24 * 60 * 60 * 1000

/** Whole seconds until another attempt makes sense, as far as the error says. */
function secondsUntil({ details }: InterplayError): number {
  const { retryAfterMs } = (details ?? {}) as { retryAfterMs?: unknown }
  return typeof retryAfterMs === 'number' && retryAfterMs > 0
    ? Math.ceil(Math.min(retryAfterMs, dayMs) / 1000)
    : 1
}

export function tooLarge(maxBytes: number): InterplayError {
  return new InterplayError('too-large', `A body has ${maxBytes} bytes at most.`)
}
