import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'

/**
 * Reads a Yjs update (encoding version 1, as in Yjs `UpdateDecoderV1`) without building anything from it: every count
 * is met by bytes that are really there, so that a few hostile bytes cannot cost more than a few bytes' work.
 */
export interface UpdateScan {
  readonly runs: readonly StructRun[]
  readonly structs: readonly ScannedStruct[]
  readonly deletes: readonly ClockRange[]
  /** Per client, one past the highest clock that a struct or a deletion refers to. */
  readonly needs: ReadonlyMap<number, number>
}

/** The structs of one client: clocks from `start` up to `end`, without gaps. */
export interface StructRun {
  readonly client: number
  readonly start: number
  readonly end: number
}

export interface ClockRange {
  readonly client: number
  readonly clock: number
  readonly length: number
}

export interface StructId {
  readonly client: number
  readonly clock: number
}

/** One struct, with what tells its place: a root name, a parent, or a neighbour that has the same parent. */
export interface ScannedStruct extends ClockRange {
  readonly place:
    | { readonly root: string }
    | { readonly parent: StructId }
    | { readonly beside: StructId }
    | null
}

/** No document reaches this clock honestly; beyond it clock arithmetic of other programs may break. */
const maxClock = 2 ** 32

const contentBits = 0x1f
const hasOrigin = 0x80
const hasRightOrigin = 0x40
const hasParentSub = 0x20

/** Throws on bytes that Yjs could not have written. */
export function scanUpdate(update: Uint8Array): UpdateScan {
  const decoder = decoding.createDecoder(update)
  const runs: StructRun[] = []
  const structs: ScannedStruct[] = []
  const needs = new Map<number, number>()
  const clients = new Set<number>()
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const client = readRun(decoder, runs, structs, needs)
    if (clients.has(client)) throw new Error('the structs of one client twice')
    clients.add(client)
  }
  const deletes = readDeletes(decoder, needs)
  if (decoding.hasContent(decoder)) throw new Error('bytes after the end of the update')
  return { runs, structs, deletes, needs }
}

/**
 * Whether the update refers to something that neither the document nor the update itself holds. Yjs would keep such bytes
 * aside, waiting, perhaps for ever.
 */
export function hasMissingDependency(scan: UpdateScan, document: Y.Doc): boolean {
  if (scan.runs.length === 0 && scan.needs.size === 0) return false
  const known = new Map<number, number>()
  for (const { client, start, end } of scan.runs) {
    const have = known.get(client) ?? Y.getState(document.store, client)
    if (start > have) return true
    known.set(client, Math.max(have, end))
  }
  for (const [client, need] of scan.needs) {
    if (need > (known.get(client) ?? Y.getState(document.store, client))) return true
  }
  return false
}

/** Whether the document holds all of it already, deletions included. */
export function isContained(scan: UpdateScan, document: Y.Doc): boolean {
  for (const { client, end } of scan.runs) if (end > Y.getState(document.store, client)) return false
  for (const range of scan.deletes) {
    for (const struct of structsIn(document, range)) if (!struct.deleted) return false
  }
  return true
}

/** The document's structs that overlap a range of clocks. */
export function* structsIn(document: Y.Doc, range: ClockRange): Generator<Y.Item | Y.GC> {
  const structs = document.store.clients.get(range.client)
  if (!structs || range.clock >= Y.getState(document.store, range.client)) return
  for (let index = Y.findIndexSS(structs, range.clock); index < structs.length; index++) {
    const struct = structs[index]!
    if (struct.id.clock >= range.clock + range.length) return
    yield struct
  }
}

function readRun(
  decoder: decoding.Decoder,
  runs: StructRun[],
  structs: ScannedStruct[],
  needs: Map<number, number>,
): number {
  let left = decoding.readVarUint(decoder)
  const client = decoding.readVarUint(decoder)
  let clock = decoding.readVarUint(decoder)
  let start = clock
  for (; left > 0; left--) {
    const info = decoding.readUint8(decoder)
    const content = info & contentBits
    if (content === 10) {
      if (clock > start) runs.push({ client, start, end: clock })
      clock = advance(clock, decoding.readVarUint(decoder))
      start = clock
      continue
    }
    const place = content === 0 ? null : readPlace(decoder, info, { client, clock }, needs)
    const length = content === 0 ? decoding.readVarUint(decoder) : skipContent(decoder, content)
    if (length === 0) throw new Error('an empty struct')
    structs.push({ client, clock, length, place })
    clock = advance(clock, length)
  }
  if (clock > start) runs.push({ client, start, end: clock })
  return client
}

function readPlace(
  decoder: decoding.Decoder,
  info: number,
  own: StructId,
  needs: Map<number, number>,
): ScannedStruct['place'] {
  let beside: StructId | null = null
  if (info & hasOrigin) beside = readId(decoder, own, needs)
  if (info & hasRightOrigin) {
    const right = readId(decoder, own, needs)
    beside ??= right
  }
  if (beside) return { beside }
  const place =
    decoding.readVarUint(decoder) === 1
      ? { root: decoding.readVarString(decoder) }
      : { parent: readId(decoder, own, needs) }
  if (info & hasParentSub) skipString(decoder)
  return place
}

function readId(decoder: decoding.Decoder, own: StructId, needs: Map<number, number>): StructId {
  const client = decoding.readVarUint(decoder)
  const clock = decoding.readVarUint(decoder)
  // Yjs takes for granted that a client refers to what it wrote before, and fails half-way otherwise.
  if (client === own.client && clock >= own.clock) throw new Error('a struct that refers to itself or ahead')
  need(needs, client, clock + 1)
  return { client, clock }
}

function readDeletes(decoder: decoding.Decoder, needs: Map<number, number>): ClockRange[] {
  const deletes: ClockRange[] = []
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const client = decoding.readVarUint(decoder)
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const clock = decoding.readVarUint(decoder)
      const length = decoding.readVarUint(decoder)
      deletes.push({ client, clock, length })
      need(needs, client, advance(clock, length))
    }
  }
  return deletes
}

function need(needs: Map<number, number>, client: number, end: number): void {
  if (end > (needs.get(client) ?? 0)) needs.set(client, end)
}

function advance(clock: number, length: number): number {
  if (clock + length > maxClock) throw new Error('a clock out of range')
  return clock + length
}

/** Steps over one content and returns how many clocks it takes. */
function skipContent(decoder: decoding.Decoder, content: number): number {
  switch (content) {
    case 1:
      return decoding.readVarUint(decoder)
    case 2: {
      const length = decoding.readVarUint(decoder)
      for (let left = length; left > 0; left--) skipString(decoder)
      return length
    }
    case 3:
      decoding.readVarUint8Array(decoder)
      return 1
    case 4:
      return skipString(decoder)
    case 5:
      JSON.parse(decoding.readVarString(decoder))
      return 1
    case 6:
      skipString(decoder)
      JSON.parse(decoding.readVarString(decoder))
      return 1
    case 7: {
      const type = decoding.readVarUint(decoder)
      if (type > 6) throw new Error(`unknown shared type ${type}`)
      if (type === 3 || type === 5) skipString(decoder)
      return 1
    }
    case 8: {
      const length = decoding.readVarUint(decoder)
      for (let left = length; left > 0; left--) decoding.readAny(decoder)
      return length
    }
    case 9:
      skipString(decoder)
      decoding.readAny(decoder)
      return 1
    default:
      throw new Error(`unknown content ${content}`)
  }
}

/** Steps over a UTF-8 string and returns its length in UTF-16 code units, which is what Yjs counts. */
function skipString(decoder: decoding.Decoder): number {
  const bytes = decoding.readVarUint8Array(decoder)
  let length = 0
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!
    if (byte < 0x80 || byte >= 0xc0) length += byte >= 0xf0 ? 2 : 1
  }
  return length
}
