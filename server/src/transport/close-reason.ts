import type { InterplayError } from '@interplay/shared'

/** A close frame has room for a reason of 123 bytes (RFC 6455, section 5.5); a cut character takes up to 3. */
const maxReasonBytes = 120

/** The reason of a close frame: the error's code and as much of its message as fits. */
export function closeReason({ code, message }: InterplayError): string {
  return Buffer.from(`${code}: ${message}`).subarray(0, maxReasonBytes).toString()
}
