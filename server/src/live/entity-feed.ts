import { InterplayError, type LiveMap, validateSync } from '@interplay/shared'
import {
  ByteWriter,
  KeyTable,
  writeCame,
  writeChange,
  writeChanged,
  writeDelta,
  writeFull,
  writeGone,
} from '@interplay/shared/live'
import { type Feed, maxUnusedKeys } from './feed.ts'
import { View } from './view.ts'
import type { LiveWrite } from './write.ts'

/** An entity as it was sent last, under a number that stands for its key. */
interface Sent {
  readonly number: number
  value: unknown
}

/** What happens to one entity in this message; of one that came there is no `before`, of one that went no `after`. */
interface Change {
  readonly key: string
  readonly number: number
  readonly before: unknown
  readonly after: unknown
}

/** The messages of a map of entities. Every part of them is written once, for whoever sees it. */
export class EntityFeed implements Feed {
  readonly #contract: LiveMap
  readonly #at: () => number
  readonly #report: (error: unknown) => void
  #keys = new KeyTable()
  #toldKeys = 0
  #maxKeys = maxUnusedKeys
  readonly #sent = new Map<string, Sent>()
  #news = new Map<string, unknown>()
  #freeNumbers: number[] = []
  #numbers = 0

  /** `at` is the time for messages; `report` hears what a `match` of the application threw. */
  constructor(contract: LiveMap, at: () => number, report: (error: unknown) => void) {
    this.#contract = contract
    this.#at = at
    this.#report = report
  }

  get hasNews(): boolean {
    return this.#news.size > 0
  }

  land(write: LiveWrite): void {
    if (write.kind !== 'entities') return
    for (const [key, entity] of write.entities) this.#news.set(key, entity)
  }

  settle(): void {
    this.#takeNews()
  }

  advance(views: Iterable<View>): ReadonlyMap<View, Uint8Array> | null {
    const changes = this.#takeNews()
    const firstKey = this.#toldKeys
    const parts = new Parts(this.#keys, changes)
    const payloads = new Map<View, Uint8Array>()
    const all = [...views]
    // The parts of a message to all who see everything lie behind each other as they were written.
    for (const view of all) if (view.matches === null) payloads.set(view, parts.all())
    for (const view of all) if (view.matches !== null) payloads.set(view, this.#seen(view, changes, parts))
    if (this.#keys.size > this.#maxKeys) {
      this.#renew()
      return null
    }
    this.#toldKeys = this.#keys.size
    const keys = this.#keys.from(firstKey)
    const at = this.#at()
    const messages = new Map<View, Uint8Array>()
    for (const [view, payload] of payloads) {
      if (payload.length === 0 && keys.length === 0) continue
      const base = view.version
      view.version += 1
      const { version } = view
      messages.set(view, writeDelta({ entities: true, version, base, at, keys, firstKey, payload }))
    }
    return messages
  }

  view(key: string, interest: unknown): View {
    if (interest === undefined) return new View(key)
    const contract = this.#contract
    if (!contract.view)
      throw new InterplayError('invalid-input', 'This live map takes no interest: it is sent as a whole.')
    const params = validateSync(contract.view, interest)
    const view = new View(key, (entity) => {
      try {
        return contract.match(entity, params)
      } catch (error) {
        this.#report(error)
        return false
      }
    })
    for (const [entityKey, { value }] of this.#sent) if (view.matches!(value)) view.visible.add(entityKey)
    return view
  }

  full(view: View): Uint8Array {
    const writer = new ByteWriter(1_024)
    for (const key of this.#visibleIn(view)) {
      const { number, value } = this.#sent.get(key)!
      writeCame(writer, this.#keys, number, key, value)
    }
    const { version } = view
    const payload = writer.slice()
    return writeFull({ entities: true, version, at: this.#at(), keys: this.#keys.from(0), payload })
  }

  between(from: View, to: View): Uint8Array {
    const writer = new ByteWriter(1_024)
    const sees = ({ matches, visible }: View, key: string) => matches === null || visible.has(key)
    for (const key of this.#visibleIn(from))
      if (!sees(to, key)) writeGone(writer, this.#sent.get(key)!.number)
    for (const key of this.#visibleIn(to)) {
      if (sees(from, key)) continue
      const { number, value } = this.#sent.get(key)!
      writeCame(writer, this.#keys, number, key, value)
    }
    const firstKey = this.#toldKeys
    return writeDelta({
      entities: true,
      version: to.version,
      base: from.version,
      at: this.#at(),
      keys: this.#keys.from(firstKey),
      firstKey,
      payload: writer.slice(),
    })
  }

  #visibleIn({ matches, visible }: View): Iterable<string> {
    return matches === null ? this.#sent.keys() : visible
  }

  /** What of the changes a view sees: an entity that enters it comes whole, one that leaves it goes. */
  #seen(view: View, changes: readonly Change[], parts: Parts): Uint8Array {
    const writer = new ByteWriter(1_024)
    for (const [index, { key, number, before, after }] of changes.entries()) {
      const was = view.visible.has(key)
      const is = after !== undefined && view.matches!(after)
      if (was && is) parts.copy(index, writer)
      else if (is) {
        view.visible.add(key)
        if (before === undefined) parts.copy(index, writer)
        else parts.copyCame(index, writer)
      } else if (was) {
        view.visible.delete(key)
        writeGone(writer, number)
      }
    }
    return writer.slice()
  }

  #takeNews(): Change[] {
    const news = this.#news
    this.#news = new Map()
    const changes: Change[] = []
    const freed: number[] = []
    for (const [key, after] of news) {
      const sent = this.#sent.get(key)
      const before = sent?.value
      if (before === after) continue
      const number = sent?.number ?? this.#freeNumbers.pop() ?? this.#numbers++
      changes.push({ key, number, before, after })
      if (after === undefined) {
        this.#sent.delete(key)
        freed.push(number)
      } else if (sent) sent.value = after
      else this.#sent.set(key, { number, value: after })
    }
    // Not before: in one message a number stands for one key.
    this.#freeNumbers.push(...freed)
    return changes
  }

  /** Keys that are no longer in use go. */
  #renew(): void {
    this.#keys = new KeyTable()
    const scratch = new ByteWriter()
    for (const [key, { number, value }] of this.#sent) {
      scratch.length = 0
      writeCame(scratch, this.#keys, number, key, value)
    }
    this.#toldKeys = this.#keys.size
    this.#maxKeys = this.#keys.size * 2 + maxUnusedKeys
  }
}

/** The parts of a message, each written when it is first needed. */
class Parts {
  readonly #keys: KeyTable
  readonly #changes: readonly Change[]
  readonly #writer = new ByteWriter(1_024)
  /** Where each begins and ends, as far as they are written. */
  readonly #places: ([from: number, to: number] | undefined)[] = []
  readonly #came: (Uint8Array | undefined)[] = []

  constructor(keys: KeyTable, changes: readonly Change[]) {
    this.#keys = keys
    this.#changes = changes
  }

  /** All of them. Before any is copied. */
  all(): Uint8Array {
    for (let index = 0; index < this.#changes.length; index++) this.#place(index)
    return this.#writer.slice()
  }

  copy(index: number, to: ByteWriter): void {
    const [from, until] = this.#place(index)
    to.raw(this.#writer.view(from, until))
  }

  /** The entity as it is now, for a view that it enters. */
  copyCame(index: number, to: ByteWriter): void {
    let came = this.#came[index]
    if (!came) {
      const { number, key, after } = this.#changes[index]!
      const writer = new ByteWriter(64)
      writeCame(writer, this.#keys, number, key, after)
      came = writer.slice()
      this.#came[index] = came
    }
    to.raw(came)
  }

  #place(index: number): [from: number, to: number] {
    const known = this.#places[index]
    if (known) return known
    const { key, number, before, after } = this.#changes[index]!
    const writer = this.#writer
    const from = writer.length
    if (before === undefined) writeCame(writer, this.#keys, number, key, after)
    else if (after === undefined) writeGone(writer, number)
    else {
      writeChanged(writer, number)
      if (!writeChange(writer, this.#keys, before, after, 1)) writer.length = from
    }
    const place: [number, number] = [from, writer.length]
    this.#places[index] = place
    return place
  }
}
