import { setImmediate as turn } from 'node:timers/promises'
import {
  anonymous,
  createServer,
  type InterplayServer,
  type Logger,
  memoryLog,
  type UpdateLog,
} from '@interplay/server'
import { createState, roomName } from '@interplay/shared'
import * as Y from 'yjs'
import { countingLog, type SnapshotCounts } from './counting-log.ts'
import { ledger, ledgerFaults, ledgerRoom, ownKey } from './ledger.ts'
import { MortalLog } from './mortal-log.ts'
import { random } from './random.ts'
import { until } from './until.ts'
import { WireClient } from './wire-client.ts'
import type { World } from './world.ts'

const params = { id: 'one' }
const key = roomName(ledger, params)
type Random = ReturnType<typeof random>

export interface CrashReport extends SnapshotCounts {
  /** What is wrong in the end. Empty is the result to expect. */
  readonly faults: readonly string[]
  /** Servers that died. */
  readonly deaths: number
  /** Changes that reactions were told of. */
  readonly told: number
}

/**
 * Servers over one log, each of which dies at some moment, while a client edits, events run and jobs are due. In the end, when
 * everything has been reacted to, each reaction must have been told of each change once.
 */
export async function reactionsCrash(seed: number): Promise<CrashReport> {
  const chance = random(seed)
  const counts = { snapshots: 0, notes: 0 }
  const log = countingLog(memoryLog(), counts)
  const deaths = 1 + chance.integer(4)
  for (let life = 0; life < deaths; life++) await live(log, chance, String(life))
  await settle(log, chance)
  const state = await read(log, chance)
  return { ...counts, deaths, told: state.told.length, faults: [...ledgerFaults(state)] }
}

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {} }

function start(log: UpdateLog, chance: Random, closeDeadlineMs: number): InterplayServer {
  return createServer({
    rooms: [ledgerRoom],
    auth: anonymous(),
    log,
    logger: quiet,
    unloadAfterMs: chance.integer(3),
    closeDeadlineMs,
    keepJournalMs: chance.integer(2) * 1_000_000,
  })
}

/** A server that does things until it dies. */
async function live(stored: UpdateLog, chance: Random, life: string): Promise<void> {
  const { integer, pick } = chance
  const mortal = new MortalLog(stored, chance, integer(3) === 0)
  const server = start(mortal.log, chance, 1)
  let dead = false
  void mortal.died.then(() => {
    dead = true
  })
  const port = await server.listen(0)
  if (integer(4) > 0) {
    const method = pick(['append', 'append', 'compact'] as const)
    mortal.dieAt({ method, moment: pick(['before', 'after']), after: integer(method === 'append' ? 20 : 2) })
  }
  let editor: Editor | null = null
  const steps = 5 + integer(25)
  for (let step = 0; step < steps && !dead; step++) {
    editor ??= (await Promise.race([Editor.join(port), mortal.died])) ?? null
    if (!editor) break
    editor.act(chance, `${life}.${step}`)
    if (integer(10) === 0)
      server
        .room(ledger, params)
        .change(({ state }) => state.items.set(`step ${life}.${step}`, ''))
        .catch(() => {})
    await turns(integer(5))
    if (integer(10) > 0 && !editor.isGone) continue
    editor.leave()
    editor = null
    await turns(integer(30))
  }
  mortal.die()
  editor?.leave()
  await server.close()
}

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await turn()
}

/** A server that lives until there is nothing left to do. */
async function settle(stored: UpdateLog, chance: Random): Promise<void> {
  const server = start(new MortalLog(stored, chance).log, chance, 10_000)
  await server.listen(0)
  await server.room(ledger, params).state()
  while ((await stored.dueTasks(Number.MAX_SAFE_INTEGER, 1)).length > 0) await turn()
  const unsaved = await server.close()
  if (unsaved.length > 0) throw new Error(`not saved: ${JSON.stringify(unsaved)}`)
}

async function read(stored: UpdateLog, chance: Random) {
  const server = start(new MortalLog(stored, chance).log, chance, 10_000)
  await server.listen(0)
  const state = await server.room(ledger, params).state()
  await server.close()
  return state
}

/** A client that edits and dispatches, and keeps no account of what becomes of it. */
class Editor {
  readonly #client: WireClient
  readonly #document = new Y.Doc()
  readonly #state = createState(ledger, this.#document, {
    writer: 'client',
    transact: (write) => this.#document.transact(write, 'own'),
  })
  #read = 0

  private constructor(client: WireClient) {
    this.#client = client
    this.#document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'own') client.update(key, update)
    })
  }

  static async join(port: number): Promise<Editor> {
    for (;;) {
      const client = await WireClient.connect({ ws: `ws://127.0.0.1:${port}` } as World)
      client.auth(key)
      client.sync(key, 0, new Uint8Array([0]))
      const isIn = () => client.frames.some(({ sync }) => sync === 1)
      // The room may be closed under it, when an append was stored and its answer lost.
      const isOut = () => client.closed !== null || client.frames.some(({ type }) => type === 7)
      await until(() => isIn() || isOut() || client.refusals().length > 0)
      if (isIn()) return new Editor(client)
      client[Symbol.dispose]()
    }
  }

  /** Whether the server has put it out: it closed the room. */
  get isGone(): boolean {
    return this.#client.closed !== null || this.#client.frames.some(({ type }) => type === 7)
  }

  leave(): void {
    this.#client[Symbol.dispose]()
  }

  /** Does a few things, once what the server has sent is taken in. */
  act(chance: Random, step: string): void {
    const { frames } = this.#client
    for (; this.#read < frames.length; this.#read++) {
      const { type, sync, body } = frames[this.#read]!
      if (type === 0 && (sync === 1 || sync === 2)) Y.applyUpdate(this.#document, body)
    }
    for (let count = 1 + chance.integer(3); count > 0; count--) this.#act(chance, `${step}.${count}`)
  }

  #act({ integer, pick }: Random, mark: string): void {
    const { items, tags, cards, meta, score, status, title, pad } = this.#state
    const someItem = pick([mark, ...items.keys()].filter((item) => item !== ownKey))
    const someCard = pick([mark, ...cards.keys()])
    const dispatch = (event: string, input: unknown) => this.#client.dispatch(key, mark, event, input)
    const acts: (() => unknown)[] = [
      () => items.set(someItem, mark),
      () => items.delete(someItem),
      () => {
        items.set(mark, 'for a moment')
        items.delete(mark)
      },
      () => tags.push(mark, `${mark} and more`),
      () => tags.length > 0 && tags.delete(integer(tags.length)),
      () => cards.set(mark, { title: mark }),
      () => cards.get(someCard)?.title.insert(0, mark),
      () => cards.get(someCard)?.done.set(integer(2) === 0),
      () => cards.delete(someCard),
      () => meta.name.set(mark),
      () => meta.body.insert(0, mark),
      () => score.add(integer(5) - 2),
      () => status.set(pick(['old', 'new', mark])),
      () => title.insert(integer(title.length + 1), 'some text'),
      () => title.length > 9 && title.delete(integer(title.length - 8), 5),
      () => pad.set(mark.repeat(15_000)),
      () => pad.set(mark.repeat(3_000)),
      () => dispatch('item', { key: someItem, value: integer(3) === 0 ? null : mark }),
      () => dispatch('tag', { tag: `by event ${mark}` }),
      () => dispatch('score', { by: 1 }),
      () => dispatch('status', { status: mark }),
      () => dispatch('later', { key: `later ${mark}` }),
      () => dispatch('fail', { key: mark }),
    ]
    pick(acts)()
  }
}
