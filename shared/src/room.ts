import { type Element, type Field, type Fields, isSchema } from './field.ts'
import { type LiveDefinitions, liveContract } from './live/definition.ts'
import { checkPattern } from './pattern.ts'
import { maxEventNameLength } from './protocol/limits.ts'
import type { Schema } from './validate.ts'
import { behaviour } from './views/scope.ts'

/** The contract of one event: what it takes and what it answers. */
export interface EventDefinition<
  I extends Schema | undefined = Schema | undefined,
  O extends Schema | undefined = Schema | undefined,
> {
  readonly input: I
  readonly output: O
  readonly durability: 'log' | 'none'
  readonly redact: readonly string[]
}

export interface EventOptions {
  /**
   * `log`: the reply comes once the effect is durable, and the same id gets the same reply. `none`: the reply comes at
   * once and is not stored; a crash may lose the effect, and a retry may repeat it. @default 'log'
   */
  readonly durability?: 'log' | 'none'
  /** Names of input fields that the journal does not keep, at any depth. @default [] */
  readonly redact?: readonly string[]
}

export type Schemas = { readonly [name: string]: Schema }
export type EventDefinitions = { readonly [name: string]: EventDefinition }

/** What `defineRoom` takes. Every part may be left out. */
export interface RoomShape {
  /** Shared state: merges everywhere, persists. */
  readonly state?: Fields
  /** What each session shows of itself while it is there: name, cursor. */
  readonly presence?: Schema
  /** Server-authoritative values where the latest wins: a schema, `live(schema, { … })` or `liveMap(schema, { … })`. */
  readonly live?: LiveDefinitions
  /** Broadcasts that nobody stores. */
  readonly signals?: Schemas
  /** Typed requests, each answered once. */
  readonly events?: EventDefinitions
  /** Deferred work of the room. */
  readonly jobs?: Schemas
}

/** Any room definition: the constraint of a type parameter `R` that stands for `typeof board`. */
export interface AnyRoom {
  readonly pattern: string
  readonly state: Fields
  readonly presence: Schema | undefined
  readonly live: LiveDefinitions
  readonly signals: Schemas
  readonly events: EventDefinitions
  readonly jobs: Schemas
}

/** The typed contract of a kind of room, imported by server and clients. Its parts are safe to look up by any name. */
export interface RoomDefinition<Pattern extends string, Shape extends RoomShape> extends AnyRoom {
  readonly pattern: Pattern
  readonly state: Part<Shape, 'state'>
  readonly presence: 'presence' extends keyof Shape ? Shape['presence'] : undefined
  readonly live: Part<Shape, 'live'>
  readonly signals: Part<Shape, 'signals'>
  readonly events: Part<Shape, 'events'>
  readonly jobs: Part<Shape, 'jobs'>
}

type Part<Shape extends RoomShape, K extends keyof RoomShape> = K extends keyof Shape
  ? NonNullable<Shape[K]>
  : Record<never, never>

/** Turns a misspelled part (`event:` for `events:`) into a compile error. */
type NoOthers<Shape> = { readonly [K in Exclude<keyof Shape, keyof RoomShape>]: never }

const parts = ['state', 'presence', 'live', 'signals', 'events', 'jobs']

/**
 * Defines a kind of room. The pattern names its rooms: `board/:boardId` has one room for each `boardId`.
 * Throws a `TypeError` that says what to change when a name or a schema is not usable.
 *
 * ```ts
 * export const board = defineRoom('board/:boardId', {
 *   state: { title: text(), notes: map(Note), score: counter({ writers: 'handlers' }) },
 *   events: { 'note.add': event(z.object({ text: z.string() }), z.object({ noteId: z.string() })) },
 * })
 * ```
 */
export function defineRoom<Pattern extends string, Shape extends RoomShape>(
  pattern: Pattern,
  shape: Shape & NoOthers<Shape>,
): RoomDefinition<Pattern, Shape> {
  checkPattern(pattern)
  for (const part of Object.keys(shape)) {
    if (!parts.includes(part)) {
      throw new TypeError(
        `defineRoom("${pattern}"): "${part}" is not a part of a room. It has ${parts.join(', ')}.`,
      )
    }
  }
  const { state = {}, presence, live = {}, signals = {}, events = {}, jobs = {} }: RoomShape = shape
  const where = (part: string) => `defineRoom("${pattern}"): ${part}`
  checkFields(where('state'), state)
  if (presence !== undefined) checkSchema(where('presence'), presence)
  checkNames(where('live'), live, fieldName)
  checkNames(where('signals'), signals, eventName)
  checkNames(where('events'), events, eventName)
  checkNames(where('jobs'), jobs, eventName)
  for (const [part, schemas] of Object.entries({ signals, jobs })) {
    for (const name of Object.keys(schemas)) checkSchema(where(`${part}.${name}`), schemas[name])
  }
  for (const [name, element] of Object.entries(live))
    checkSchema(where(`live.${name}`), Object(element) === element && liveContract(element).schema)
  for (const [name, contract] of Object.entries(events)) {
    if (!contract || !('input' in contract)) {
      throw new TypeError(
        `${where('events')}: wrap the schema of "${name}": event(schema), or event() without one.`,
      )
    }
    const { input, output } = contract
    if (input !== undefined) checkSchema(where(`the input of events["${name}"]`), input)
    if (output !== undefined) checkSchema(where(`the output of events["${name}"]`), output)
  }
  const definition: AnyRoom = {
    pattern,
    state: dictionary(state),
    presence,
    live: dictionary(live),
    signals: dictionary(signals),
    events: dictionary(events),
    jobs: dictionary(jobs),
  }
  return Object.freeze(definition) as RoomDefinition<Pattern, Shape>
}

/** The contract of an event. Without an input schema it takes nothing, without an output schema it answers nothing. */
export function event(): EventDefinition<undefined, undefined>
export function event<I extends Schema | undefined>(input: I): EventDefinition<I, undefined>
export function event<I extends Schema | undefined, O extends Schema | undefined>(
  input: I,
  output: O,
  options?: EventOptions,
): EventDefinition<I, O>
export function event(input?: Schema, output?: Schema, options: EventOptions = {}): EventDefinition {
  const { durability = 'log', redact = [] } = options
  return { input, output, durability, redact }
}

/**
 * Names of the root types that only handlers may write, the children of records included (`meta`, `meta.title`).
 * The server checks every client's update against them.
 */
export function restrictedRoots(definition: AnyRoom): Set<string> {
  const roots = new Set<string>()
  const visit = (name: string, field: Field, inherited: boolean) => {
    const restricted = inherited || field.writers === 'handlers'
    if (restricted) roots.add(name)
    if (field.kind !== 'record') return
    for (const [child, childField] of Object.entries(field.fields)) {
      if (childField.kind !== 'value') visit(`${name}.${child}`, childField, restricted)
    }
  }
  for (const [name, field] of Object.entries(definition.state)) visit(name, field, false)
  return roots
}

const fieldName = /^[a-z][A-Za-z0-9]*$/
const eventName = /^[A-Za-z][\w.-]*$/
const viewMembers = ['set', 'subscribe', 'toJSON', 'yjs']

function checkNames(where: string, named: object, allowed: RegExp) {
  if (typeof named !== 'object' || named === null) throw new TypeError(`${where} must be an object`)
  for (const name of Object.keys(named)) {
    if (!allowed.test(name) || name.length > maxEventNameLength) {
      const form = allowed === fieldName ? 'like "noteCount" (letters and digits)' : 'like "note.add"'
      throw new TypeError(
        `${where}: "${name}" is not a usable name. Write it ${form}, at most ${maxEventNameLength} long.`,
      )
    }
    if (name in Object.prototype)
      throw new TypeError(`${where}: "${name}" is reserved in JavaScript. Use another name.`)
  }
}

/** `place` is where the fields live: in root types, or inside the elements of a map or list. */
function checkFields(where: string, fields: Fields, place: 'root' | 'record' | 'element' = 'root') {
  checkNames(where, fields, fieldName)
  for (const [name, field] of Object.entries(fields)) {
    const here = `${where}.${name}`
    if (viewMembers.includes(name))
      throw new TypeError(`${here}: "${name}" is a member of every view. Use another name.`)
    if (!field || typeof field !== 'object' || !(behaviour in field)) {
      throw new TypeError(
        `${here} is not a field. Wrap a schema: ${name}: value(schema), or use text(), map(schema) and so on.`,
      )
    }
    checkField(here, field, place)
  }
}

function checkField(where: string, field: Field, place: 'root' | 'record' | 'element') {
  if (field.writers === 'handlers' && place === 'element') {
    throw new TypeError(
      `${where}: writers is checked per field of the state. Put writers: 'handlers' on the map or list.`,
    )
  }
  if (field.writers === 'handlers' && place === 'record' && field.kind === 'value') {
    throw new TypeError(
      `${where}: the values of a record share its writers. Put writers: 'handlers' on the record, or move the value out of it.`,
    )
  }
  if (field.kind === 'record') checkFields(where, field.fields, place === 'element' ? 'element' : 'record')
  if (field.kind === 'map' || field.kind === 'list') checkElement(`${where}[]`, field.element)
}

function checkElement(where: string, element: Element) {
  if (!isSchema(element)) checkField(where, element, 'element')
}

function checkSchema(where: string, schema: unknown) {
  const known =
    (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema
  if (!known)
    throw new TypeError(
      `${where} needs a schema of Zod, Valibot, ArkType or another Standard Schema library.`,
    )
}

/** Without a prototype, so that names from the wire (`constructor`, `__proto__`) find nothing. */
function dictionary<T extends object>(entries: T): T {
  return Object.freeze(Object.assign(Object.create(null), entries))
}
