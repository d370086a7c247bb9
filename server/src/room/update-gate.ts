import { InterplayError } from '@interplay/shared'
import type * as Y from 'yjs'
import { hasMissingDependency, isContained, scanUpdate, type UpdateScan } from './update-scan.ts'
import { touchedRoots } from './write-rules.ts'

export interface WriteRules {
  readonly canEdit: boolean
  /** Root types that only handlers may write. */
  readonly restricted: ReadonlySet<string>
}

/**
 * Holds a client's update against the rules. `new` is to be applied, `known` is in the document already, `waiting`
 * lacks something that the document does not have. Throws `malformed`, `read-only` or `not-writable`.
 */
export function judgeUpdate(
  update: Uint8Array,
  document: Y.Doc,
  rules: WriteRules,
): 'new' | 'known' | 'waiting' {
  const scan = read(update)
  if (hasMissingDependency(scan, document)) return 'waiting'
  if (rules.canEdit && rules.restricted.size === 0) return 'new'
  if (isContained(scan, document)) return 'known'
  if (!rules.canEdit) throw new InterplayError('read-only', 'You may read this room, but not change it.')
  for (const root of touchedRoots(scan, document)) {
    if (!rules.restricted.has(root)) continue
    throw new InterplayError('not-writable', `'${root}' is changed by events only. Dispatch one.`)
  }
  return 'new'
}

function read(update: Uint8Array): UpdateScan {
  try {
    return scanUpdate(update)
  } catch (error) {
    const reason = error instanceof Error ? error.message : error
    throw new InterplayError('malformed', `The update does not decode: ${reason}`)
  }
}
