import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { implement } from '@interplay/server'
import { counter, defineRoom, event, list, map, record, type StateJson, text, value } from '@interplay/shared'
import { z } from 'zod'

/** A room whose reactions write down what they were told, so that it can be held against what there is. */
export const ledger = defineRoom('ledger/:id', {
  state: {
    items: map(z.string()),
    tags: list(z.string()),
    cards: map(record({ title: text(), done: value(z.boolean(), { default: false }) })),
    meta: record({ name: value(z.string(), { default: '' }), body: text() }),
    score: counter(),
    status: value(z.string(), { default: 'new' }),
    title: text(),
    /** Large, so that a few writes of it are worth a snapshot. Nobody reacts to it. */
    pad: value(z.string()),
    /** What each reaction was told, as JSON. */
    told: list(z.string(), { writers: 'handlers' }),
    /** What the reaction to `told` counted. */
    heard: counter({ writers: 'handlers' }),
  },
  events: {
    item: event(z.object({ key: z.string(), value: z.string().nullable() })),
    tag: event(z.object({ tag: z.string() })),
    score: event(z.object({ by: z.number() })),
    status: event(z.object({ status: z.string() }), undefined, { durability: 'none' }),
    later: event(z.object({ key: z.string() })),
    fail: event(z.object({ key: z.string() })),
  },
  jobs: { item: z.object({ key: z.string() }) },
})

interface Told {
  readonly field: string
  readonly kind: 'added' | 'changed' | 'removed'
  readonly key: string
  readonly value?: unknown
  readonly before?: unknown
}

/** The key that the reaction to `items` writes there itself: it must never be told of it. */
export const ownKey = 'own'

interface Telling {
  readonly added: readonly object[]
  readonly changed: readonly object[]
  readonly removed: readonly object[]
  readonly state: { readonly told: { push(line: string): void } }
}

function tell(field: string, { state, ...told }: Telling): void {
  for (const kind of ['added', 'changed', 'removed'] as const)
    for (const change of told[kind]) state.told.push(JSON.stringify({ field, kind, ...change }))
}

export const ledgerRoom = implement(ledger)
  .on({
    item: ({ input: { key, value }, state }) => {
      if (value === null) state.items.delete(key)
      else state.items.set(key, value)
    },
    tag: ({ input, state }) => state.tags.push(input.tag),
    score: ({ input, state }) => state.score.add(input.by),
    status: ({ input, state }) => state.status.set(input.status),
    later: ({ input, schedule }) => {
      schedule('item', input, { afterMs: 0, key: input.key })
    },
    fail: async ({ input, state, fail }) => {
      state.items.set(input.key, 'never')
      await turn()
      fail('conflict', 'It fails.')
    },
  })
  .jobs({
    item: async ({ input, change }) => {
      await change(({ state }) => state.items.set(input.key, 'by a job'))
    },
  })
  .react({
    changed: {
      items: (context) => {
        tell('items', context)
        context.state.items.set(ownKey, String(context.now))
      },
      tags: async (context) => {
        for (let turns = context.added.length; turns > 0; turns--) await turn()
        tell('tags', context)
        await turn()
      },
      cards: (context) => tell('cards', context),
      meta: (context) => tell('meta', context),
      score: (context) => tell('score', context),
      status: (context) => tell('status', context),
      title: (context) => tell('title', context),
      told: ({ added, state }) => state.heard.add(added.length),
    },
  })

/** Where what reactions were told does not lead, step by step, from nothing to what there is. */
export function* ledgerFaults(state: StateJson<typeof ledger>): Generator<string> {
  const told = state.told.map((line) => JSON.parse(line) as Told)
  const of = (field: string, key?: string) =>
    told.filter((each) => each.field === field && (key === undefined || each.key === key))
  const { [ownKey]: _, ...items } = state.items
  yield* stepFaults('items', of('items'), {}, items)
  yield* stepFaults('meta.name', of('meta', 'name'), { name: '' }, { name: state.meta.name })
  yield* stepFaults('score', of('score'), { '': 0 }, { '': state.score })
  yield* stepFaults('status', of('status'), { '': 'new' }, { '': state.status })
  const tags = of('tags').map((each) => ({ ...each, key: String(each.value ?? each.before) }))
  yield* presenceFaults('tags', tags, state.tags)
  yield* presenceFaults('cards', of('cards'), Object.keys(state.cards))
  yield* lastFaults('cards', of('cards'), state.cards)
  yield* lastFaults('title', of('title'), { '': state.title })
  yield* lastFaults('meta.body', of('meta', 'body'), { body: state.meta.body })
  if (state.heard !== told.length) yield `told ${told.length} times, and ${state.heard} of them were heard`
}

/** Each change begins where the one before it ended, and the last one ends at what there is. */
function* stepFaults(field: string, changes: readonly Told[], start: object, now: object): Generator<string> {
  const seen = new Map<string, unknown>(Object.entries(start))
  for (const { kind, key, value, before } of changes) {
    const was = seen.get(key)
    if (before !== was || (kind === 'added') !== (was === undefined))
      yield `${field}: ${kind} ${key} from ${before} to ${value}, and it was ${was}`
    if (kind === 'removed') seen.delete(key)
    else seen.set(key, value)
  }
  yield* difference(field, Object.fromEntries(seen), now)
}

/** What is added was not there, what is removed or changed was, and what is left is there. */
function* presenceFaults(field: string, changes: readonly Told[], now: readonly string[]): Generator<string> {
  const seen = new Set<string>()
  for (const { kind, key } of changes) {
    if (seen.has(key) === (kind === 'added')) yield `${field}: ${kind} ${key}, and it was ${seen.has(key)}`
    if (kind === 'removed') seen.delete(key)
    else seen.add(key)
  }
  yield* difference(field, [...seen].sort(), [...now].sort())
}

/** What was told last of a shared type is what is in it. */
function* lastFaults(
  field: string,
  changes: readonly Told[],
  now: Record<string, unknown>,
): Generator<string> {
  const last = new Map(changes.map(({ key, value }) => [key, value]))
  for (const [key, value] of Object.entries(now))
    yield* difference(`${field}.${key}`, last.get(key) ?? '', value)
}

function* difference(field: string, told: unknown, is: unknown): Generator<string> {
  if (!isDeepStrictEqual(told, is))
    yield `${field}: told ${JSON.stringify(told)}, it is ${JSON.stringify(is)}`
}
