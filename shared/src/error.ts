/** How a failure travels: its HTTP status, its WebSocket close code, and whether the same request may succeed later. */
export interface ErrorKind {
  readonly http: number
  readonly close: number
  readonly retry: boolean
}

/** Every error code of the runtime, and its HTTP status. `docs/errors/<code>.md` explains each one. */
export const errorStatus = {
  'invalid-input': 400,
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  'read-only': 403,
  'not-writable': 403,
  'not-found': 404,
  'unknown-room': 404,
  'unknown-event': 404,
  conflict: 409,
  'too-large': 413,
  cancelled: 499,
  unsupported: 426,
  'rate-limited': 429,
  internal: 500,
  unavailable: 503,
  overloaded: 503,
  'deadline-exceeded': 504,
} as const satisfies Record<string, number>

/** A code of the runtime's own table. */
export type ErrorCode = keyof typeof errorStatus

/** Statuses of what passes by itself. */
const passing = [429, 499, 503, 504]

/** One fault of an input, with the path to it: `['notes', 0, 'text']`. */
export interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** An error as it travels on the wire and in HTTP bodies. */
export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly issues?: readonly Issue[]
  readonly details?: unknown
}

/**
 * What an error code means on the wire; a code of an application's own (`fail('sold-out', …)`) is HTTP 422, not retried.
 * Close codes are 4000 and the status: the private range of RFC 6455, section 7.4.2.
 */
export function errorKind(code: string): ErrorKind {
  const http = isErrorCode(code) ? errorStatus[code] : 422
  return { http, close: 4000 + http, retry: passing.includes(http) }
}

/** Whether a code is one of the runtime's own. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorStatus, code)
}

/**
 * The one error class of Interplay, on both sides. `code` is one of {@link errorStatus} or a code that a handler
 * passed to `fail`; `retry` says whether the same request may succeed later.
 */
export class InterplayError extends Error {
  readonly code: ErrorCode | (string & {})
  readonly issues: readonly Issue[]
  readonly details: unknown

  constructor(
    code: ErrorCode | (string & {}),
    message: string,
    options: { issues?: readonly Issue[]; details?: unknown; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'InterplayError'
    this.code = code
    this.issues = options.issues ?? []
    this.details = options.details
  }

  get retry(): boolean {
    return errorKind(this.code).retry
  }

  toJSON(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.issues.length > 0 && { issues: this.issues }),
      ...(this.details !== undefined && { details: this.details }),
    }
  }

  static from(body: ErrorBody): InterplayError {
    return new InterplayError(body.code, body.message, {
      ...(body.issues && { issues: body.issues }),
      details: body.details,
    })
  }
}
