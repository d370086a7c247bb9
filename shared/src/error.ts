/** How a failure travels: its HTTP status, its WebSocket close code, and whether the same request may succeed later. */
export interface ErrorKind {
  readonly http: number
  readonly close: number
  readonly retry: boolean
}

/**
 * Every error code of the runtime, in one table. `docs/errors/<code>.md` explains each one.
 * Close codes are in the private range of RFC 6455, section 7.4.2.
 */
export const errorKinds = {
  'invalid-input': { http: 400, close: 4400, retry: false },
  malformed: { http: 400, close: 4400, retry: false },
  unauthorized: { http: 401, close: 4401, retry: false },
  forbidden: { http: 403, close: 4403, retry: false },
  'read-only': { http: 403, close: 4403, retry: false },
  'not-writable': { http: 403, close: 4403, retry: false },
  'not-found': { http: 404, close: 4404, retry: false },
  'unknown-room': { http: 404, close: 4404, retry: false },
  'unknown-event': { http: 404, close: 4404, retry: false },
  conflict: { http: 409, close: 4409, retry: false },
  'too-large': { http: 413, close: 4413, retry: false },
  cancelled: { http: 499, close: 4499, retry: true },
  unsupported: { http: 426, close: 4426, retry: false },
  'rate-limited': { http: 429, close: 4429, retry: true },
  internal: { http: 500, close: 4500, retry: false },
  unavailable: { http: 503, close: 4503, retry: true },
  overloaded: { http: 503, close: 4503, retry: true },
  'deadline-exceeded': { http: 504, close: 4504, retry: true },
} as const satisfies Record<string, ErrorKind>

/** A code of the runtime's own table. */
export type ErrorCode = keyof typeof errorKinds

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

/** What an error code means on the wire; a code of an application's own (`fail('sold-out', …)`) is HTTP 422, not retried. */
export function errorKind(code: string): ErrorKind {
  return Object.hasOwn(errorKinds, code)
    ? errorKinds[code as ErrorCode]
    : { http: 422, close: 4422, retry: false }
}

/**
 * The one error class of Interplay, on both sides. `code` is one of {@link errorKinds} or a code that a handler
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
