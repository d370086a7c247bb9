import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  entryBytes,
  minTailBytes,
  minUnloadedTailBytes,
  shouldCompact,
  shouldCompactOnUnload,
} from './compaction.ts'

const kilobyte = 1024

test('[S6] a short tail is left alone, however small the snapshot', () => {
  expect(shouldCompact({ snapshotBytes: 0, tailBytes: 0, tailEntries: 0 })).toBe(false)
  expect(shouldCompact({ snapshotBytes: 0, tailBytes: minTailBytes - 1, tailEntries: 0 })).toBe(false)
  expect(shouldCompact({ snapshotBytes: 0, tailBytes: minTailBytes, tailEntries: 1 })).toBe(true)
  expect(
    shouldCompactOnUnload({ snapshotBytes: 0, tailBytes: minUnloadedTailBytes - 1, tailEntries: 0 }),
  ).toBe(false)
  expect(shouldCompactOnUnload({ snapshotBytes: 0, tailBytes: minUnloadedTailBytes, tailEntries: 0 })).toBe(
    true,
  )
})

test('[S6] a tail must outgrow its snapshot; half of it will do on unload', () => {
  const size = { snapshotBytes: 1024 * kilobyte, tailBytes: 600 * kilobyte, tailEntries: 1 }
  expect(shouldCompact(size)).toBe(false)
  expect(shouldCompactOnUnload(size)).toBe(true)
  expect(shouldCompactOnUnload({ ...size, tailBytes: 500 * kilobyte })).toBe(false)
  expect(shouldCompact({ ...size, tailBytes: 1024 * kilobyte })).toBe(true)
})

test('[S6] many tiny entries count for more than their bytes', () => {
  const tailEntries = minTailBytes / entryBytes
  expect(shouldCompact({ snapshotBytes: 0, tailBytes: 0, tailEntries: tailEntries + 1 })).toBe(true)
})

test('[S6] snapshots cost at most twice the edits, and opening reads at most a snapshot and as much again', () => {
  const edits = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 400 })
  const growth = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.nat(5_000_000), growth, edits, (snapshotAtFirst, kept, updates) => {
      let size = { snapshotBytes: snapshotAtFirst, tailBytes: 0, tailEntries: 0 }
      let [edited, rewritten, grown] = [0, 0, 0]
      for (const bytes of updates) {
        edited += bytes + entryBytes
        grown += Math.round(bytes * kept)
        size = { ...size, tailBytes: size.tailBytes + bytes, tailEntries: size.tailEntries + 1 }
        if (!shouldCompact(size)) continue
        size = { snapshotBytes: size.snapshotBytes + grown, tailBytes: 0, tailEntries: 0 }
        rewritten += size.snapshotBytes
        grown = 0
      }
      expect(rewritten).toBeLessThanOrEqual(2 * edited)
      expect(size.tailBytes).toBeLessThanOrEqual(Math.max(minTailBytes, size.snapshotBytes))
    }),
    { seed: 4711 },
  )
})
