import type { Connection, Document, Extension, HookName } from '@hocuspocus/server'
import { InterplayError } from '@interplay/shared'
import type { Actor } from '../events/context.ts'
import type { Logger } from '../observe/logging.ts'

/** A client on its way into a room: what our extension asks of the session behind a Hocuspocus connection. */
export interface Joining {
  /** Verifies the token and admits the actor. Throws an `InterplayError` otherwise. */
  authenticate(token: string): Promise<Actor>
  /** The document is loaded and the connection registered with it. */
  established(connection: Connection): void
}

/** The context of every Hocuspocus hook; extensions of users may read it, and add to it. */
export interface HookContext {
  readonly joining?: Joining
  readonly actor?: Actor
}

export interface RoomDocuments {
  load(document: Document): Promise<void>
  loaded(document: Document): void
  mayUnload(document: Document): boolean
}

/**
 * How a refusal passes through Hocuspocus: `reason` is what stock clients are told. It has no `message`, since
 * Hocuspocus prints those.
 */
export class Denied {
  readonly reason: string
  readonly error: InterplayError

  constructor(error: InterplayError, reason: string = error.code) {
    this.reason = reason
    this.error = error
  }
}

async function denying<T>(ask: () => T | Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof InterplayError ? new Denied(error) : error
  }
}

/** Runs before every extension of a user. */
const first = 1_000_000

/** The one Hocuspocus extension of the runtime: who may enter, where documents come from, when they may go. */
export function roomExtension(documents: RoomDocuments): Extension<HookContext> {
  return {
    extensionName: 'interplay',
    priority: first,
    async onAuthenticate({ context, token, connectionConfig }) {
      if (!context.joining) return
      const { joining } = context
      const actor = await denying(() => joining.authenticate(token))
      connectionConfig.readOnly = actor.canEdit === false
      return { actor }
    },
    async onLoadDocument({ document }) {
      await denying(() => documents.load(document))
    },
    async afterLoadDocument({ document }) {
      documents.loaded(document)
    },
    async connected({ context, connection }) {
      context.joining?.established(connection)
    },
    async beforeUnloadDocument({ document }) {
      // A veto without a message is not logged by Hocuspocus.
      if (!documents.mayUnload(document)) throw new Error('')
    },
  }
}

/** Hooks in which a throw refuses what is being done. In every other hook a throw changes nothing but the log. */
const gates: ReadonlySet<string> = new Set<HookName>([
  'onConnect',
  'onAuthenticate',
  'onTokenSync',
  'onCreateDocument',
  'onLoadDocument',
  'onStoreDocument',
  'beforeHandleMessage',
  'beforeHandleAwareness',
  'beforeSync',
  'beforeUnloadDocument',
])

/** A user's extension whose throws cost no more than the call they were thrown in. */
export function containedExtension(extension: Extension, logger: Logger): Extension {
  const contained: Record<string, unknown> = { priority: extension.priority ?? 100 }
  for (const name of hookNames(extension)) {
    const hook = extension[name as keyof Extension] as (payload: unknown) => unknown
    contained[name] = async (payload: unknown) => {
      try {
        return await hook.call(extension, payload)
      } catch (error) {
        const by = extension.extensionName ?? extension.constructor.name
        if (!gates.has(name))
          return logger.error({ hook: name, extension: by, error: String(error) }, 'a hook threw')
        logger.warn({ hook: name, extension: by, error: String(error) }, 'a hook refused')
        // Hocuspocus forgets a document that was not loaded, and with it the timer of its awareness.
        if (name === 'onLoadDocument') (payload as { document: Document }).document.destroy()
        throw refusalOf(error)
      }
    }
  }
  return contained as Extension
}

/** What a hook threw, as a refusal. Stock clients are told its `reason`, as Hocuspocus does. */
function refusalOf(error: unknown): Denied {
  const { message, reason } = (error ?? {}) as { message?: unknown; reason?: unknown }
  const text =
    [message, reason].find((each) => typeof each === 'string' && each !== '') ??
    'a hook of the server said no'
  return new Denied(
    error instanceof InterplayError
      ? error
      : new InterplayError('forbidden', `Refused: ${text}`, { cause: error }),
    typeof reason === 'string' ? reason : 'permission-denied',
  )
}

/** Names of the functions an extension has, those of its class included. */
function hookNames(extension: Extension): Set<string> {
  const names = new Set<string>()
  for (let at: object | null = extension; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== 'constructor' && typeof extension[name as keyof Extension] === 'function') names.add(name)
    }
  }
  return names
}

/** Whether any extension of a user listens to one of these hooks. */
export function listens(extensions: readonly Extension[], ...hooks: HookName[]): boolean {
  return extensions.some((extension) => hooks.some((hook) => typeof extension[hook] === 'function'))
}
