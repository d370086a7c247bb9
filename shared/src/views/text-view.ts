import * as Y from 'yjs'
import { checkRange, wellFormed } from '../plain.ts'
import { invalidInput } from '../validate.ts'
import type { Place } from './place.ts'
import type { SharedBehaviour } from './scope.ts'
import { SharedView } from './shared-view.ts'

/** One operation of a text delta, as in Quill and Yjs. */
export interface DeltaOperation {
  insert?: string | object
  retain?: number
  delete?: number
  attributes?: Record<string, unknown>
}

/**
 * Text that merges character by character. Every index and length counts UTF-16 code units, as in JavaScript strings
 * and in Yjs: an emoji counts two or more. An edit in the middle of such a pair turns both halves into U+FFFD.
 */
export class TextView extends SharedView<Y.Text> {
  /** UTF-16 code units; an embedded object counts one. */
  get length(): number {
    return this.place.read()?.length ?? 0
  }

  override toString(): string {
    return this.place.read()?.toString() ?? ''
  }

  toJSON(): string {
    return this.toString()
  }

  /** Inserts at an index from 0 to `length`, with formatting attributes if any (`{ bold: true }`). */
  insert(index: number, text: string, attributes?: Record<string, unknown>): void {
    checkRange(this.scope.name, index, 0, this.length)
    this.scope.write(() => this.place.open().insert(index, wellFormed(text), attributes))
  }

  delete(index: number, length: number): void {
    checkRange(this.scope.name, index, length, this.length)
    this.scope.write(() => this.place.open().delete(index, length))
  }

  /**
   * Makes the text equal to this one with the smallest single replacement, so that what others type elsewhere in it
   * merges. Never splits a surrogate pair.
   */
  replace(text: string): void {
    const next = wellFormed(text)
    this.scope.write(() => {
      const type = this.place.open()
      const { from, until, insert } = difference(flatten(type), next)
      if (until > from) type.delete(from, until - from)
      if (insert) type.insert(from, insert)
    })
  }

  /** Applies a delta of Quill or Yjs, which counts in UTF-16 code units too. */
  applyDelta(delta: readonly DeltaOperation[]): void {
    const safe = delta.map((operation) =>
      typeof operation.insert === 'string'
        ? { ...operation, insert: wellFormed(operation.insert) }
        : operation,
    )
    this.scope.write(() => this.place.open().applyDelta(safe))
  }

  toDelta(): DeltaOperation[] {
    return this.place.read()?.toDelta() ?? []
  }
}

export const textBehaviour: SharedBehaviour = {
  type: Y.Text,
  view: (scope, _, place) => new TextView(scope, place as Place<Y.Text>),
  build: (_, initial = '', { where }) => {
    if (typeof initial === 'string') return new Y.Text(wellFormed(initial))
    throw invalidInput('expected a string', where)
  },
}

/** The text with one character for each embedded object, so that its indices are those of the shared type. */
function flatten(type: Y.Text): string {
  const parts = (type.toDelta() as DeltaOperation[]).map(({ insert }) =>
    typeof insert === 'string' ? insert : '\uFFFC',
  )
  const text = parts.join('')
  return text.length === type.length ? text : '\uFFFC'.repeat(type.length)
}

/** The one range of `before` to replace: what lies between the common start and the common end. */
function difference(before: string, after: string) {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  if (start > 0 && isHighSurrogate(before, start - 1)) start--
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  if (end > 0 && isLowSurrogate(before, before.length - end)) end--
  return { from: start, until: before.length - end, insert: after.slice(start, after.length - end) }
}

function isHighSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800
}

function isLowSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xdc00
}
