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

/** How one field is written and read. */
type Codec = readonly [
  write: (encoder: encoding.Encoder, value: never) => void,
  read: (decoder: decoding.Decoder) => unknown,
]

const uint: Codec = [encoding.writeVarUint, decoding.readVarUint]
const text: Codec = [encoding.writeVarString, decoding.readVarString]
const bytes: Codec = [encoding.writeVarUint8Array, decoding.readVarUint8Array]
const json: Codec = [
  (encoder, value) => encoding.writeVarString(encoder, writeJson(value)),
  (decoder) => readJson(decoding.readVarString(decoder)),
]
/** One byte that says which of two it is. */
const choice = (no: unknown, yes: unknown): Codec => [
  (encoder, value) => encoding.writeUint8(encoder, value === yes ? 1 : 0),
  (decoder) => (readChoice(decoder) === 1 ? yes : no),
]
const error: Codec = [json[0], (decoder) => asErrorBody(json[1](decoder))]
const job: Codec = [json[0], (decoder) => asJobStatus(json[1](decoder))]
const outcome: Codec = [
  (encoder, value: Outcome) => {
    encoding.writeUint8(encoder, value.ok ? 1 : 0)
    json[0](encoder, (value.ok ? value.output : value.error) as never)
  },
  (decoder): Outcome => {
    const ok = readChoice(decoder) === 1
    return ok ? { ok, output: json[1](decoder) } : { ok, error: asErrorBody(json[1](decoder)) }
  },
]

/** Every kind of frame and its fields, in their order. The place of a kind is its number. */
const layouts: readonly (readonly [Frame['kind'], Readonly<Record<string, Codec>>])[] = [
  ['hello', { version: uint, client: text }],
  ['welcome', { version: uint, maxFrameBytes: uint }],
  ['dispatch', { room: text, eventId: text, attempt: uint, event: text, input: json }],
  ['reply', { room: text, eventId: text, outcome }],
  ['refused', { room: text, scope: choice('join', 'write'), error }],
  ['signal', { room: text, name: text, payload: json }],
  ['job', { room: text, job }],
  ['live', { room: text, name: text, message: bytes }],
  ['subscribe', { room: text, name: text, on: choice(false, true), interest: json }],
]

/** Whether bytes from a socket are a runtime frame (or a Hocuspocus one). */
export function isRuntimeFrame(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes[0] === 0
}

export function writeFrame(frame: Frame): Uint8Array {
  const encoder = encoding.createEncoder()
  const number = layouts.findIndex(([kind]) => kind === frame.kind)
  encoding.writeUint8(encoder, 0)
  encoding.writeUint8(encoder, number)
  const [, fields] = layouts[number]!
  for (const name in fields) fields[name]![0](encoder, frame[name as never])
  return encoding.toUint8Array(encoder)
}

/** Reads one runtime frame. Throws on anything that {@link writeFrame} could not have written. */
export function readFrame(bytes: Uint8Array): Frame {
  const decoder = decoding.createDecoder(bytes)
  if (decoding.readUint8(decoder) !== 0) throw new Error('not a runtime frame')
  const number = decoding.readUint8(decoder)
  const layout = layouts[number]
  if (!layout) throw new Error(`unknown runtime frame kind ${number}`)
  const [kind, fields] = layout
  const frame: Record<string, unknown> = { kind }
  for (const name in fields) frame[name] = fields[name]![1](decoder)
  if (decoding.hasContent(decoder)) throw new Error(`bytes after the end of a ${kind} frame`)
  return frame as unknown as Frame
}

/** A byte that is 0 or 1. */
function readChoice(decoder: decoding.Decoder): number {
  const byte = decoding.readUint8(decoder)
  if (!(byte <= 1)) throw new Error('a choice of neither')
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
    !['waiting', 'running', 'done', 'failed', 'cancelled'].includes(at as string)
  )
    throw new Error('a job without its parts')
  return payload as JobStatus
}

/** JSON text of a payload; `undefined` is the empty string. */
export function writeJson(payload: unknown): string {
  return JSON.stringify(payload) ?? ''
}

export function readJson(text: string): unknown {
  return text === '' ? undefined : JSON.parse(text)
}
