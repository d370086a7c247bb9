import { InterplayError } from '@interplay/shared'

/** One line of a body: its bytes, or what is wrong with it. Lines count from 1; empty ones are left out. */
export type BodyLine =
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly fault: InterplayError }

const newline = 10

/**
 * The lines of a body as they come in, until `stop`. No more than one line and one chunk is held. A line that is too long
 * is left out, and told; a body that is too long ends with a fault. Rejects when the body breaks off: its last piece is
 * no line then.
 */
export async function* readLines(
  body: ReadableStream<Uint8Array>,
  limits: { readonly maxLineBytes: number; readonly maxBytes: number },
  stop: AbortSignal,
): AsyncGenerator<BodyLine> {
  const { maxLineBytes, maxBytes } = limits
  let number = 1
  let total = 0
  let length = 0
  let pieces: Uint8Array[] = []
  const add = (piece: Uint8Array) => {
    length += piece.length
    if (length > maxLineBytes) pieces = []
    // The chunk's memory may be used again once the next one is asked for.
    else pieces.push(piece.slice())
  }
  const take = (): BodyLine | null => {
    const line = lineOf(number, length, pieces, maxLineBytes)
    number += 1
    length = 0
    pieces = []
    return line
  }
  for await (const chunk of chunksOf(body, stop)) {
    total += chunk.length
    if (total > maxBytes) {
      yield {
        number,
        fault: tooLong(`A body of lines has ${maxBytes} bytes at most. Send the rest in another.`, number),
      }
      return
    }
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end))
      start = end + 1
      const line = take()
      if (line) yield line
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  const last = stop.aborted ? null : take()
  if (last) yield last
}

/** Does not cancel the body when it ends early: that would cut the connection on which the answers leave. */
async function* chunksOf(body: ReadableStream<Uint8Array>, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  let end = () => {}
  stop.addEventListener('abort', () => end(), { once: true })
  try {
    while (!stop.aborted) {
      const chunk = await new Promise<Uint8Array | undefined>((resolve, reject) => {
        end = () => resolve(undefined)
        reader.read().then(({ value }) => resolve(value), reject)
      })
      if (chunk === undefined) return
      yield chunk
    }
  } finally {
    reader.releaseLock()
  }
}

function lineOf(number: number, length: number, pieces: Uint8Array[], maxLineBytes: number): BodyLine | null {
  if (length > maxLineBytes)
    return {
      number,
      fault: tooLong(`A line has ${maxLineBytes} bytes at most; this one has ${length}.`, number),
    }
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
  return bytes.every(isBlank) ? null : { number, bytes }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 13 || byte === 9
}

function tooLong(message: string, line: number): InterplayError {
  return new InterplayError('too-large', message, { details: { line } })
}
