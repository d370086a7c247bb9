import { errorKind, InterplayError } from '@interplay/shared'

/** The answer to a request that failed: the error as JSON, with the status of its code. */
export function refusal(error: InterplayError): Response {
  const headers: Record<string, string> = error.retry ? { 'retry-after': '1' } : {}
  return Response.json({ error: error.toJSON() }, { status: errorKind(error.code).http, headers })
}

export function tooLarge(maxBytes: number): InterplayError {
  return new InterplayError('too-large', `A body has ${maxBytes} bytes at most.`)
}
