import { type InputOf, type OutputOf, type Schema, validateSync } from '../validate.ts'

/** One live value of a room, which is replaced or changed inside. `I` is the type of its initial value. */
export interface LiveValue<S extends Schema = Schema, I = unknown> {
  readonly kind: 'liveValue'
  readonly schema: S
  readonly initial: I
  readonly maxPerSecond: number | null
}

/** Entities by key, each of one schema, which come, change and go one by one. `V` is the schema of a client's view of them. */
export interface LiveMap<S extends Schema = Schema, V extends Schema | undefined = Schema | undefined> {
  readonly kind: 'liveMap'
  readonly schema: S
  readonly maxPerSecond: number | null
  /** `undefined` for a map that is sent as a whole. */
  readonly view: V
  /** Whether an entity is in a view. */
  match(entity: OutputOf<S>, view: unknown): boolean
}

/** What a client may be interested in: entities that match a view of its own, such as the part of a map that it shows. */
export interface Interest<T, V extends Schema> {
  /** Of the view, as the client gives it. */
  readonly schema: V
  /** Runs on the server, for every entity that changes and every view. It must depend on these two alone. */
  match(entity: T, view: OutputOf<V>): boolean
}

/** What the `live` part of a room is made of. */
export type LiveElement = Schema | LiveValue | LiveMap

export type LiveDefinitions = { readonly [name: string]: LiveElement }

export interface LiveOptions {
  /** How often it is sent at most; what comes in between is skipped, the latest is not. @default once per turn */
  readonly maxPerSecond?: number
}

/** A live value with options. Without any, the schema alone does: `live: { vote: Vote }`. */
export function live<S extends Schema>(
  schema: S,
  options: LiveOptions & { readonly initial: InputOf<S> },
): LiveValue<S, OutputOf<S>>
export function live<S extends Schema>(schema: S, options?: LiveOptions): LiveValue<S, undefined>
export function live<S extends Schema>(
  schema: S,
  { maxPerSecond, initial }: LiveOptions & { readonly initial?: InputOf<S> } = {},
): LiveValue<S, OutputOf<S> | undefined> {
  checkSchema('live', schema)
  return {
    kind: 'liveValue',
    schema,
    initial: initial === undefined ? undefined : validateSync(schema, initial),
    maxPerSecond: rateOf('live', maxPerSecond),
  }
}

/**
 * Entities under string keys: what changes of one is sent without the others. With an `interest`, a client may ask for those
 * that match a view.
 *
 * ```ts
 * agents: liveMap(Agent, {
 *   interest: { schema: Viewport, match: (agent, view) => agent.x >= view.left && agent.x <= view.right },
 * })
 * ```
 */
export function liveMap<S extends Schema>(schema: S, options?: LiveOptions): LiveMap<S, undefined>
export function liveMap<S extends Schema, V extends Schema>(
  schema: S,
  options: LiveOptions & { readonly interest: Interest<OutputOf<S>, V> },
): LiveMap<S, V>
export function liveMap(
  schema: Schema,
  { maxPerSecond, interest }: LiveOptions & { readonly interest?: Interest<unknown, Schema> } = {},
): LiveMap {
  checkSchema('liveMap', schema)
  if (interest) checkSchema('The interest of a liveMap', interest.schema)
  return {
    kind: 'liveMap',
    schema,
    maxPerSecond: rateOf('liveMap', maxPerSecond),
    view: interest?.schema,
    match: (entity, view) => interest === undefined || interest.match(entity, view),
  }
}

/** The contract of an element, a bare schema's included. */
export function liveContract(element: LiveElement): LiveValue | LiveMap {
  if (!('~standard' in element)) return element
  return { kind: 'liveValue', schema: element, initial: undefined, maxPerSecond: null }
}

function checkSchema(what: string, schema: unknown): void {
  if (!schema || !('~standard' in (schema as object)))
    throw new TypeError(`${what} needs a schema: ${what}(z.object({ … }))`)
}

function rateOf(what: string, maxPerSecond: number | undefined): number | null {
  if (maxPerSecond === undefined) return null
  if (maxPerSecond > 0) return maxPerSecond
  throw new TypeError(`${what}: maxPerSecond is above 0, not ${maxPerSecond}.`)
}
