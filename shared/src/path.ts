import { InterplayError } from './error.ts'
import type { ParamsOf } from './infer.ts'
import { segmentsOf } from './pattern.ts'
import { maxRoomNameBytes } from './protocol/limits.ts'
import type { AnyRoom } from './room.ts'
import { invalidInput } from './validate.ts'

/**
 * The name of a room: `roomName(board, { boardId: 'q3 plan' })` is `board/q3%20plan`. Any text is a usable parameter
 * except the empty one, `.` and `..`. Throws `invalid-input`, or `too-large` beyond 512 bytes.
 */
export function roomName<R extends Pick<AnyRoom, 'pattern'>>(definition: R, params: ParamsOf<R>): string {
  const given = params as Readonly<Record<string, unknown>>
  const segments = segmentsOf(definition.pattern).map((segment) =>
    'fixed' in segment ? segment.fixed : encodeParam(segment.param, given[segment.param]),
  )
  const name = segments.join('/')
  if (name.length <= maxRoomNameBytes) return name
  throw new InterplayError(
    'too-large',
    `A room name has at most ${maxRoomNameBytes} bytes; this one has ${name.length}.`,
  )
}

/**
 * The parameters of a room name, or `null` when it is not one that {@link roomName} makes for this definition: another
 * encoding of the same text (`board/%71` for `board/q`) would be a second room.
 */
export function matchRoom<R extends Pick<AnyRoom, 'pattern'>>(
  definition: R,
  name: string,
): ParamsOf<R> | null {
  if (name.length > maxRoomNameBytes) return null
  const pattern = segmentsOf(definition.pattern)
  const segments = name.split('/')
  if (segments.length !== pattern.length) return null
  const params: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index]!
    if ('fixed' in expected) {
      if (segment !== expected.fixed) return null
      continue
    }
    const text = decodeParam(segment)
    if (text === null) return null
    params[expected.param] = text
  }
  return params as ParamsOf<R>
}

function encodeParam(param: string, text: unknown): string {
  const refuse = (message: string) => invalidInput([{ path: [param], message }], 'Room parameter')
  if (typeof text !== 'string') throw refuse(`expected a string, got ${text === null ? 'null' : typeof text}`)
  if (text === '' || text === '.' || text === '..') throw refuse(`"${text}" cannot be a part of a room name`)
  try {
    return encodeURIComponent(text)
  } catch {
    throw refuse('the text has a lone surrogate')
  }
}

function decodeParam(segment: string): string | null {
  try {
    const text = decodeURIComponent(segment)
    return encodeParam('', text) === segment ? text : null
  } catch {
    return null
  }
}
