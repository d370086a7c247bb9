import { InterplayError } from '@interplay/shared'
import { protocolVersion } from '@interplay/shared/protocol'

/** The life of a client's one socket. Pure: {@link step} decides, `connection.ts` acts. */
export type ConnectionState =
  /** No room needs a socket. */
  | { readonly at: 'idle' }
  /** A socket is being opened. `failures` counts attempts in a row that came to nothing. */
  | { readonly at: 'connecting'; readonly failures: number }
  /** The socket is open and `Hello` is out. Rooms may join already: the server reads frames in order. */
  | { readonly at: 'greeting'; readonly failures: number }
  /** `Welcome` came. `probedAt` is when a quiet server was last asked whether it is there. */
  | {
      readonly at: 'open'
      readonly failures: number
      readonly since: number
      readonly probedAt: number | null
    }
  | { readonly at: 'waiting'; readonly failures: number; readonly retryAt: number }
  /** For good. `error` is why, unless the client was closed. */
  | { readonly at: 'stopped'; readonly error: InterplayError | null }

export type ConnectionSignal =
  /** A room needs the socket. */
  | { readonly on: 'needed' }
  /** No room needs it any more. */
  | { readonly on: 'unneeded' }
  | { readonly on: 'opened' }
  | { readonly on: 'welcome'; readonly version: number }
  /** The socket closed, could not be opened, or sent bytes that do not decode. */
  | { readonly on: 'lost' }
  /** The timer of the state ended; the server was last heard at `heardAt`. */
  | { readonly on: 'timer'; readonly heardAt: number }
  /** The network came back, or the page became visible. */
  | { readonly on: 'awake' }
  /** The browser says that the network is gone. */
  | { readonly on: 'asleep' }
  /** The server refuses this socket altogether. */
  | { readonly on: 'refused'; readonly error: InterplayError }
  | { readonly on: 'closed' }

export type ConnectionEffect =
  | { readonly do: 'connect' }
  | { readonly do: 'disconnect' }
  | { readonly do: 'hello' }
  /** Arms the timer of the new state. A timer ends with its state. */
  | { readonly do: 'wait'; readonly ms: number }
  /** Rooms may join. */
  | { readonly do: 'up' }
  /** Rooms lost the server. */
  | { readonly do: 'down' }

/** What a step may know besides state and signal. `random` is from 0 to 1. */
export interface Moment {
  readonly now: number
  readonly random: number
}

type Step = readonly [ConnectionState, readonly ConnectionEffect[]]

const openingMs = 10_000
const quietMs = 20_000
const probeMs = 10_000
/** A probe for a reason (the network changed, the laptop woke) is more likely to find a dead socket. */
const wakeProbeMs = 5_000
/** A connection that lasted this long was a good one: the next retry is quick again. */
const stableMs = 5_000

/** Milliseconds until the next try: exponential with full jitter, 0.25 s at first, 5 s at most. */
export function backoff(failures: number, random: number): number {
  return Math.round(random * Math.min(5_000, 250 * 2 ** Math.min(failures, 10)))
}

export function step(state: ConnectionState, signal: ConnectionSignal, moment: Moment): Step {
  if (state.at === 'stopped') return stay(state)
  switch (signal.on) {
    case 'needed':
      return state.at === 'idle' ? connect(0) : stay(state)
    case 'unneeded':
      return state.at === 'idle' ? stay(state) : [{ at: 'idle' }, hangUp(state)]
    case 'opened':
      if (state.at !== 'connecting') return stay(state)
      return [{ at: 'greeting', failures: state.failures }, [{ do: 'hello' }, wait(openingMs), { do: 'up' }]]
    case 'welcome':
      if (signal.version !== protocolVersion) return stop(state, otherVersion(signal.version))
      if (state.at !== 'greeting') return stay(state)
      return [{ at: 'open', failures: state.failures, since: moment.now, probedAt: null }, [wait(quietMs)]]
    case 'lost':
      return hasSocket(state) ? retry(state, moment) : stay(state)
    case 'timer':
      return timer(state, signal.heardAt, moment)
    case 'awake':
      return state.at === 'waiting' ? connect(state.failures) : probe(state, wakeProbeMs, moment)
    case 'asleep':
      return probe(state, wakeProbeMs, moment)
    case 'refused':
      return stop(state, signal.error)
    case 'closed':
      return stop(state, null)
  }
}

function timer(state: ConnectionState, heardAt: number, moment: Moment): Step {
  if (state.at === 'waiting') return connect(state.failures)
  if (state.at !== 'open') return hasSocket(state) ? retry(state, moment) : stay(state)
  if (state.probedAt !== null && heardAt < state.probedAt) return retry(state, moment)
  const quietForMs = moment.now - heardAt
  if (quietForMs >= quietMs) return probe({ ...state, probedAt: null }, probeMs, moment)
  return [{ ...state, probedAt: null }, [wait(quietMs - quietForMs)]]
}

/** A second `Hello` is answered by a second `Welcome`, unless nobody is there. */
function probe(state: ConnectionState, ms: number, { now }: Moment): Step {
  if (state.at !== 'open' || state.probedAt !== null) return stay(state)
  return [{ ...state, probedAt: now }, [{ do: 'hello' }, wait(ms)]]
}

function connect(failures: number): Step {
  return [{ at: 'connecting', failures }, [{ do: 'connect' }, wait(openingMs)]]
}

function retry(state: ConnectionState & { failures: number }, { now, random }: Moment): Step {
  const failures = state.at === 'open' && now - state.since >= stableMs ? 0 : state.failures
  const ms = backoff(failures, random)
  return [{ at: 'waiting', failures: failures + 1, retryAt: now + ms }, [...hangUp(state), wait(ms)]]
}

function stop(state: ConnectionState, error: InterplayError | null): Step {
  return [{ at: 'stopped', error }, hangUp(state)]
}

function hangUp(state: ConnectionState): ConnectionEffect[] {
  if (!hasSocket(state)) return []
  return state.at === 'connecting' ? [{ do: 'disconnect' }] : [{ do: 'disconnect' }, { do: 'down' }]
}

function hasSocket(
  state: ConnectionState,
): state is ConnectionState & { at: 'connecting' | 'greeting' | 'open' } {
  return state.at === 'connecting' || state.at === 'greeting' || state.at === 'open'
}

function wait(ms: number): ConnectionEffect {
  return { do: 'wait', ms }
}

function stay(state: ConnectionState): Step {
  return [state, []]
}

function otherVersion(version: number): InterplayError {
  return new InterplayError(
    'unsupported',
    `The server speaks version ${version} of the protocol, this client version ${protocolVersion}`,
  )
}
