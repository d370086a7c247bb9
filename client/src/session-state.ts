import { type ErrorCode, InterplayError, isErrorCode } from '@interplay/shared'
import { backoff } from './connection-state.ts'

/** The life of one room on the client's socket. Pure: {@link step} decides, `session.ts` acts. */
export type SessionState =
  /** No socket. `failures` counts joins in a row that came to nothing. */
  | { readonly at: 'down'; readonly failures: number }
  /** Waiting for the application's token. `renewed`: it was asked for a fresh one already. */
  | { readonly at: 'asking'; readonly failures: number; readonly renewed: boolean }
  /** Token and first sync step are out. */
  | { readonly at: 'joining'; readonly failures: number; readonly renewed: boolean }
  /** Both sides have each other's state; edits and events flow. */
  | { readonly at: 'live'; readonly failures: number; readonly since: number }
  /** The server said no, or there was no token; it is tried again. */
  | {
      readonly at: 'waiting'
      readonly failures: number
      readonly retryAt: number
      readonly error: InterplayError
    }
  | { readonly at: 'refused'; readonly error: InterplayError }
  | { readonly at: 'left' }

export type SessionSignal =
  | { readonly on: 'up' }
  | { readonly on: 'down' }
  | { readonly on: 'token'; readonly token: string }
  | { readonly on: 'no-token'; readonly error: InterplayError }
  | { readonly on: 'synced' }
  /** The server does not let the session in. */
  | { readonly on: 'denied'; readonly error: InterplayError }
  /** The server ended the session; the socket stays. */
  | { readonly on: 'ended'; readonly error: InterplayError }
  | { readonly on: 'timer' }
  /** No attempt can help. */
  | { readonly on: 'refuse'; readonly error: InterplayError }
  | { readonly on: 'leave' }

export type SessionEffect =
  | { readonly do: 'ask'; readonly fresh: boolean }
  | { readonly do: 'join'; readonly token: string }
  | { readonly do: 'wait'; readonly ms: number }
  /** Edits and events may go out. */
  | { readonly do: 'resume' }
  /** They may not any more. */
  | { readonly do: 'suspend' }
  /** Tell the server that the session leaves, before it is suspended. */
  | { readonly do: 'leave' }

export interface SessionMoment {
  readonly now: number
  /** From 0 to 1. */
  readonly random: number
  /** Whether the application can make another token. */
  readonly canRenew: boolean
}

type Step = readonly [SessionState, readonly SessionEffect[]]

/** A session that lasted this long was a good one: the next retry is quick again. */
const stableMs = 5_000

export function step(state: SessionState, signal: SessionSignal, moment: SessionMoment): Step {
  if (state.at === 'refused' || state.at === 'left') return stay(state)
  switch (signal.on) {
    case 'up':
      return state.at === 'down' ? ask(state.failures, false) : stay(state)
    case 'down':
      return state.at === 'down'
        ? stay(state)
        : [{ at: 'down', failures: failuresOf(state, moment) }, suspend(state)]
    case 'token':
      if (state.at !== 'asking') return stay(state)
      return [{ ...state, at: 'joining' }, [{ do: 'join', token: signal.token }]]
    case 'no-token':
      if (state.at !== 'asking') return stay(state)
      return signal.error.retry ? retry(state, signal.error, moment) : refuse(state, signal.error)
    case 'synced':
      if (state.at !== 'joining') return stay(state)
      return [{ at: 'live', failures: state.failures, since: moment.now }, [{ do: 'resume' }]]
    case 'denied':
      if (!isIn(state)) return stay(state)
      if (mayRenew(state, signal.error, moment)) return ask(state.failures, true, suspend(state))
      return signal.error.retry ? retry(state, signal.error, moment) : refuse(state, signal.error)
    case 'ended':
      if (!isIn(state)) return stay(state)
      if (mayRenew(state, signal.error, moment)) return ask(state.failures, true, suspend(state))
      return isFinal(signal.error) ? refuse(state, signal.error) : retry(state, signal.error, moment)
    case 'timer':
      return state.at === 'waiting' ? ask(state.failures, false) : stay(state)
    case 'refuse':
      return [{ at: 'refused', error: signal.error }, leave(state)]
    case 'leave':
      return [{ at: 'left' }, leave(state)]
  }
}

function ask(failures: number, fresh: boolean, before: readonly SessionEffect[] = []): Step {
  return [{ at: 'asking', failures, renewed: fresh }, [...before, { do: 'ask', fresh }]]
}

function retry(state: SessionState, error: InterplayError, moment: SessionMoment): Step {
  const failures = failuresOf(state, moment)
  const ms = backoff(failures, moment.random)
  return [
    { at: 'waiting', failures: failures + 1, retryAt: moment.now + ms, error },
    [...suspend(state), { do: 'wait', ms }],
  ]
}

function refuse(state: SessionState, error: InterplayError): Step {
  return [{ at: 'refused', error }, suspend(state)]
}

function stay(state: SessionState): Step {
  return [state, []]
}

function suspend(state: SessionState): readonly SessionEffect[] {
  return isIn(state) ? [{ do: 'suspend' }] : []
}

function leave(state: SessionState): readonly SessionEffect[] {
  return isIn(state) ? [{ do: 'leave' }, { do: 'suspend' }] : []
}

/** Whether the server knows of this session. */
export function isIn(state: SessionState): state is SessionState & { at: 'joining' | 'live' } {
  return state.at === 'joining' || state.at === 'live'
}

function failuresOf(state: SessionState, { now }: SessionMoment): number {
  if (state.at === 'refused' || state.at === 'left') return 0
  return state.at === 'live' && now - state.since >= stableMs ? 0 : state.failures
}

/** A token may have expired since: once per join, and for every session that was live. */
function mayRenew(state: SessionState, error: InterplayError, { canRenew }: SessionMoment): boolean {
  return canRenew && error.code === 'unauthorized' && !(state.at === 'joining' && state.renewed)
}

/** Whether joining again is pointless after the server ended a session. A failed session (`internal`) is not final. */
function isFinal(error: InterplayError): boolean {
  return ['unauthorized', 'forbidden', 'unknown-room', 'not-found', 'unsupported'].includes(error.code)
}

/** The error in the reason of a Hocuspocus frame: `Forbidden`, `unknown-room: …`, `permission-denied`. */
export function reasonError(reason: string, otherwise: ErrorCode): InterplayError {
  const code = reason.split(':', 1)[0]!.toLowerCase()
  return new InterplayError(isErrorCode(code) ? code : otherwise, reason || 'No reason given')
}
