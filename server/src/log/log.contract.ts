import { describe, test } from 'vitest'
import type { LogBed, LogFeature, Rule } from './log-bed.contract.ts'
import { compactionRules } from './log-compaction.contract.ts'
import { cursorRules } from './log-cursors.contract.ts'
import { damageRules } from './log-damage.contract.ts'
import { entryRules } from './log-entries.contract.ts'
import { journalRules } from './log-journal.contract.ts'
import { lifeRules } from './log-life.contract.ts'
import { checkAgainstModel } from './log-model.contract.ts'
import { nameRules } from './log-names.contract.ts'
import { replyRules } from './log-replies.contract.ts'
import { taskRules } from './log-tasks.contract.ts'

/**
 * The contract of `UpdateLog`: every driver passes it. A driver that lacks a feature says why in `absent`; the rules
 * that need it are then reported as skipped, with that reason.
 */
export function describeUpdateLog(
  name: string,
  makeBed: () => LogBed,
  absent: Partial<Record<LogFeature, string>> = {},
): void {
  const has = (feature: LogFeature) => absent[feature] === undefined
  const add = (title: string, body: Parameters<Rule>[1]) =>
    test(title, async () => {
      const bed = makeBed()
      try {
        await body(await bed.open(), bed)
      } finally {
        await bed.remove()
      }
    })
  const rule: Rule = Object.assign(add, {
    has,
    with: (feature: LogFeature, title: string, body: Parameters<Rule>[1]) =>
      has(feature) ? add(title, body) : test.skip(`${title} (no ${feature}: ${absent[feature]})`, () => {}),
  })

  describe(`update log: ${name}`, () => {
    describe('entries', () => entryRules(rule))
    describe('replies', () => replyRules(rule))
    describe('tasks', () => taskRules(rule))
    describe('journal', () => journalRules(rule))
    describe('cursors', () => cursorRules(rule))
    describe('compaction', () => compactionRules(rule))
    describe('names', () => nameRules(rule))
    describe('life', () => lifeRules(rule))
    describe('damage', () => damageRules(rule))
    test('random steps leave what a trivial model holds', { timeout: 120_000 }, () =>
      checkAgainstModel(makeBed, { reopen: has('reopen') }),
    )
  })
}
