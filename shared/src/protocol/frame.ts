import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { ErrorBody } from '../error.ts'

/**
 * Runtime frames share a socket with Hocuspocus frames. Those start with a document name that is never empty, so a
 * first byte of 0 is ours; the second byte is the frame's kind. Payloads are JSON, as over HTTP; an empty string
 * stands for `undefined`. `docs/spec.md` describes every byte; `frame.test.ts` pins them.
 */
export type Frame = Hello | Welcome | Dispatch | Reply | Refused | Signal | Job | Live | Subscribe

/** Client → server, first frame of a socket that speaks runtime frames. */
export interface Hello {
  readonly kind: 'hello'
  readonly version: number
  readonly client: string
}

/** Server → client: the version in use, and the largest frame the server takes, in bytes. */
export interface Welcome {
  readonly kind: 'welcome'
  readonly version: number
  readonly maxFrameBytes: number
}

/** Client → server: run this event once. `attempt` is 0 at first and grows with every resend of the same id. */
export interface Dispatch {
  readonly kind: 'dispatch'
  readonly room: string
  readonly eventId: string
  readonly attempt: number
  readonly event: string
  readonly input: unknown
}

/** Server → client: the one answer to an event id, sent once its effect is durable. */
export interface Reply {
  readonly kind: 'reply'
  readonly room: string
  readonly eventId: string
  readonly outcome: Outcome
}

export type Outcome =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly error: ErrorBody }

/** Server → client: a join or a write was not accepted, and why. A SyncStatus 0 follows a refused write. */
export interface Refused {
  readonly kind: 'refused'
  readonly room: string
  readonly scope: 'join' | 'write'
  readonly error: ErrorBody
}

/** Server → client: a broadcast. Nobody stores it, and who is not there misses it. */
export interface Signal {
  readonly kind: 'signal'
  readonly room: string
  readonly name: string
  readonly payload: unknown
}

/** Server → client: how far a job of the room is. */
export interface Job {
  readonly kind: 'job'
  readonly room: string
  readonly job: JobStatus
}

export interface JobStatus {
  readonly id: string
  readonly name: string
  /** `waiting` is before its time or before its next attempt, `failed` after the last one. */
  readonly at: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  /** Counts from 1. */
  readonly attempt: number
  /** What the job said of itself last. */
  readonly progress?: unknown
  /** Why the last attempt failed. */
  readonly error?: string
}

/** Server → client: a live value or what changed in it, see `live/message.ts`. Sent to those who asked for it. */
export interface Live {
  readonly kind: 'live'
  readonly room: string
  readonly name: string
  readonly message: Uint8Array
}

/** Client → server: send this live value from now on, or no longer. The answer is a full value. */
export interface Subscribe {
  readonly kind: 'subscribe'
  readonly room: string
  readonly name: string
  readonly on: boolean
  /** The view of an interest; `undefined` for everything. */
  readonly interest: unknown
}

const jobStates: readonly unknown[] = [
  'waiting',
  'running',
  'done',
  'failed',
  'cancelled',
] satisfies JobStatus['at'][]

const kinds = {
  hello: 0,
  welcome: 1,
  dispatch: 2,
  reply: 3,
  refused: 4,
  signal: 5,
  job: 6,
  live: 7,
  subscribe: 8,
} as const

/** Whether bytes from a socket are a runtime frame (or a Hocuspocus one). */
export function isRuntimeFrame(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes[0] === 0
}

export function writeFrame(frame: Frame): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeUint8(encoder, 0)
  encoding.writeUint8(encoder, kinds[frame.kind])
  switch (frame.kind) {
    case 'hello':
      encoding.writeVarUint(encoder, frame.version)
      encoding.writeVarString(encoder, frame.client)
      break
    case 'welcome':
      encoding.writeVarUint(encoder, frame.version)
      encoding.writeVarUint(encoder, frame.maxFrameBytes)
      break
    case 'dispatch':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, frame.eventId)
      encoding.writeVarUint(encoder, frame.attempt)
      encoding.writeVarString(encoder, frame.event)
      encoding.writeVarString(encoder, writeJson(frame.input))
      break
    case 'reply':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, frame.eventId)
      encoding.writeUint8(encoder, frame.outcome.ok ? 1 : 0)
      encoding.writeVarString(
        encoder,
        writeJson(frame.outcome.ok ? frame.outcome.output : frame.outcome.error),
      )
      break
    case 'refused':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeUint8(encoder, frame.scope === 'join' ? 0 : 1)
      encoding.writeVarString(encoder, writeJson(frame.error))
      break
    case 'signal':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, frame.name)
      encoding.writeVarString(encoder, writeJson(frame.payload))
      break
    case 'job':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, writeJson(frame.job))
      break
    case 'live':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, frame.name)
      encoding.writeVarUint8Array(encoder, frame.message)
      break
    case 'subscribe':
      encoding.writeVarString(encoder, frame.room)
      encoding.writeVarString(encoder, frame.name)
      encoding.writeUint8(encoder, frame.on ? 1 : 0)
      encoding.writeVarString(encoder, writeJson(frame.interest))
      break
  }
  return encoding.toUint8Array(encoder)
}

/** Reads one runtime frame. Throws on anything that {@link writeFrame} could not have written. */
export function readFrame(bytes: Uint8Array): Frame {
  const decoder = decoding.createDecoder(bytes)
  if (decoding.readUint8(decoder) !== 0) throw new Error('not a runtime frame')
  const frame = readBody(decoding.readUint8(decoder), decoder)
  if (decoding.hasContent(decoder)) throw new Error(`bytes after the end of a ${frame.kind} frame`)
  return frame
}

function readBody(kind: number, decoder: decoding.Decoder): Frame {
  switch (kind) {
    case kinds.hello:
      return {
        kind: 'hello',
        version: decoding.readVarUint(decoder),
        client: decoding.readVarString(decoder),
      }
    case kinds.welcome:
      return {
        kind: 'welcome',
        version: decoding.readVarUint(decoder),
        maxFrameBytes: decoding.readVarUint(decoder),
      }
    case kinds.dispatch:
      return {
        kind: 'dispatch',
        room: decoding.readVarString(decoder),
        eventId: decoding.readVarString(decoder),
        attempt: decoding.readVarUint(decoder),
        event: decoding.readVarString(decoder),
        input: readJson(decoding.readVarString(decoder)),
      }
    case kinds.reply: {
      const room = decoding.readVarString(decoder)
      const eventId = decoding.readVarString(decoder)
      const ok = readChoice(decoder) === 1
      const payload = readJson(decoding.readVarString(decoder))
      const outcome: Outcome = ok ? { ok, output: payload } : { ok, error: asErrorBody(payload) }
      return { kind: 'reply', room, eventId, outcome }
    }
    case kinds.refused:
      return {
        kind: 'refused',
        room: decoding.readVarString(decoder),
        scope: readChoice(decoder) === 0 ? 'join' : 'write',
        error: asErrorBody(readJson(decoding.readVarString(decoder))),
      }
    case kinds.signal:
      return {
        kind: 'signal',
        room: decoding.readVarString(decoder),
        name: decoding.readVarString(decoder),
        payload: readJson(decoding.readVarString(decoder)),
      }
    case kinds.job:
      return {
        kind: 'job',
        room: decoding.readVarString(decoder),
        job: asJobStatus(readJson(decoding.readVarString(decoder))),
      }
    case kinds.live:
      return {
        kind: 'live',
        room: decoding.readVarString(decoder),
        name: decoding.readVarString(decoder),
        message: decoding.readVarUint8Array(decoder),
      }
    case kinds.subscribe:
      return {
        kind: 'subscribe',
        room: decoding.readVarString(decoder),
        name: decoding.readVarString(decoder),
        on: readChoice(decoder) === 1,
        interest: readJson(decoding.readVarString(decoder)),
      }
    default:
      throw new Error(`unknown runtime frame kind ${kind}`)
  }
}

/** A byte that is 0 or 1. */
function readChoice(decoder: decoding.Decoder): number {
  const byte = decoding.readUint8(decoder)
  if (byte > 1) throw new Error(`${byte} where a 0 or a 1 was expected`)
  return byte
}

function asErrorBody(payload: unknown): ErrorBody {
  const { code, message } = (payload ?? {}) as Partial<ErrorBody>
  if (typeof code !== 'string' || typeof message !== 'string')
    throw new Error('an error without code and message')
  return payload as ErrorBody
}

function asJobStatus(payload: unknown): JobStatus {
  const { id, name, at, attempt } = (payload ?? {}) as Partial<JobStatus>
  if (
    typeof id !== 'string' ||
    typeof name !== 'string' ||
    typeof attempt !== 'number' ||
    !jobStates.includes(at)
  )
    throw new Error('a job without id, name, state and attempt')
  return payload as JobStatus
}

/** JSON text of a payload; `undefined` is the empty string. */
export function writeJson(payload: unknown): string {
  return JSON.stringify(payload) ?? ''
}

export function readJson(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text)
}
