import * as fc from 'fast-check'
import type { Deed } from './engine-property-rooms.ts'
import type { EngineDeath } from './engine-property-server.ts'

/** Sessions of one scenario by number: the first two are one user. */
export const sessions = [0, 1, 2] as const
export type SessionNumber = (typeof sessions)[number]

export type Step =
  | { readonly do: 'event'; readonly by: SessionNumber; readonly deed: Omit<Deed, 'mark'> }
  | { readonly do: 'edit'; readonly by: SessionNumber }
  /** Sends an event again: over the same connection, or one that is answered over another session or HTTP. */
  | { readonly do: 'again' | 'elsewhere' | 'http'; readonly by: SessionNumber; readonly back: number }
  /** What a session sends waits, until it is released. */
  | { readonly do: 'hold' | 'release' | 'cut'; readonly by: SessionNumber }
  | { readonly do: 'pause'; readonly ms: number }

export type Program = readonly Step[]

/** A server dies once so many steps of all scenarios are done, in thousandths of them. */
export interface Kill {
  readonly at: number
  /** `null`: there and then. */
  readonly death: EngineDeath | null
}

/** Scenarios that share the life of a server, and its deaths. */
export interface Batch {
  readonly programs: readonly Program[]
  readonly kills: readonly Kill[]
}

const by = fc.constantFrom(...sessions)

const deed = fc.record({
  job: fc.option(fc.nat(40), { freq: 2 }),
  sends: fc.boolean(),
  signals: fc.boolean(),
  turns: fc.nat(3),
  pad: fc.constantFrom(0, 0, 0, 500, 6_000),
  ends: fc.constantFrom('well' as const, 'well', 'well', 'well', 'failing', 'throwing', 'refused'),
})

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('event' as const), by, deed }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), by }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('again' as const, 'elsewhere', 'http'), by, back: fc.nat(5) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release', 'cut'), by }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('pause' as const), ms: fc.nat(15) }) },
)

const kill = fc.record({
  at: fc.nat(1_000),
  death: fc.option(
    fc.record({
      moment: fc.constantFrom('before' as const, 'during', 'after'),
      after: fc.nat(20),
      delayMs: fc.nat(4),
    }),
    { freq: 3 },
  ),
})

export function batchesOf(size: number): fc.Arbitrary<Batch> {
  return fc.record({
    programs: fc.array(fc.array(step, { minLength: 5, maxLength: 40 }), { minLength: size, maxLength: size }),
    kills: fc.array(kill, { minLength: 4, maxLength: 5 }),
  })
}
