import type * as Y from 'yjs'
import type {
  CounterField,
  Element,
  Field,
  Fields,
  ListField,
  MapField,
  RecordField,
  RichTextField,
  TextField,
  ValueField,
} from './field.ts'
import type { LiveDefinitions, LiveElement, LiveMap, LiveValue } from './live/definition.ts'
import type { ParamName } from './pattern.ts'
import type { AnyRoom, Schemas } from './room.ts'
import type { InputOf, OutputOf, Schema } from './validate.ts'
import type { CounterView } from './views/counter-view.ts'
import type { ListView } from './views/list-view.ts'
import type { MapView, SharedMapView } from './views/map-view.ts'
import type { RichTextView } from './views/rich-text-view.ts'
import type { TextView } from './views/text-view.ts'
import type { ValueView } from './views/value-view.ts'

/** Writes a type out, so that editors show its properties instead of how it was made. */
type Show<T> = { [K in keyof T]: T[K] } & unknown

/** The parameters of a room's pattern: `{ boardId: string }`. */
export type ParamsOf<R extends Pick<AnyRoom, 'pattern'>> = { readonly [K in ParamName<R['pattern']>]: string }

/** The state of a room: one view per field. */
export type StateOf<R extends AnyRoom> = Show<StateMembers<R['state']> & ViewsOf<R['state']>>

/** The state of a room as plain JSON. */
export type StateJson<R extends AnyRoom> = JsonOfFields<R['state']>

interface StateMembers<F extends Fields> {
  /** Deep plain JSON. */
  toJSON(): JsonOfFields<F>
}

/** Names of a room's events. */
export type EventName<R extends AnyRoom> = keyof R['events'] & string

/** What the caller of an event passes; `void` when it takes nothing. */
export type EventInput<R extends AnyRoom, E extends EventName<R>> = InputOf<R['events'][E]['input']>

/** What the handler of an event sees: the input after validation, defaults filled in. */
export type EventParsed<R extends AnyRoom, E extends EventName<R>> = OutputOf<R['events'][E]['input']>

/** What the caller of an event gets back. */
export type EventOutput<R extends AnyRoom, E extends EventName<R>> = OutputOf<R['events'][E]['output']>

/** What the handler of an event returns, before the output schema fills in its defaults. */
export type EventResult<R extends AnyRoom, E extends EventName<R>> = InputOf<R['events'][E]['output']>

/** What others see of a session; `undefined` without a presence schema. */
export type PresenceOf<R extends AnyRoom> = R['presence'] extends Schema ? OutputOf<R['presence']> : undefined

/** What a session sets as its presence. */
export type PresenceInput<R extends AnyRoom> = R['presence'] extends Schema
  ? InputOf<R['presence']>
  : undefined

/** The live values of a room, by name, as they are read. */
export type LiveOf<R extends AnyRoom> = LiveOutputs<R['live']>

/** The live values of a room, by name, as they are set. */
export type LiveInput<R extends AnyRoom> = LiveInputs<R['live']>

type LiveOutputs<L extends LiveDefinitions> = { readonly [K in keyof L]: LiveOutputOf<L[K]> }
type LiveInputs<L extends LiveDefinitions> = { readonly [K in keyof L]: LiveInputOf<L[K]> }

/** One live value as it is read. */
export type LiveOutputOf<E extends LiveElement> =
  E extends LiveMap<infer S>
    ? { [key: string]: OutputOf<S> }
    : E extends LiveValue<infer S>
      ? OutputOf<S>
      : E extends Schema
        ? OutputOf<E>
        : never

/** One live value as it is set. */
export type LiveInputOf<E extends LiveElement> =
  E extends LiveMap<infer S>
    ? { [key: string]: InputOf<S> }
    : E extends LiveValue<infer S>
      ? InputOf<S>
      : E extends Schema
        ? InputOf<E>
        : never

/** The signals of a room, by name, as they arrive. */
export type SignalsOf<R extends AnyRoom> = Outputs<R['signals']>

/** The signals of a room, by name, as they are sent. */
export type SignalInput<R extends AnyRoom> = Inputs<R['signals']>

/** The jobs of a room, by name, as they run. */
export type JobsOf<R extends AnyRoom> = Outputs<R['jobs']>

/** The jobs of a room, by name, as they are scheduled. */
export type JobInput<R extends AnyRoom> = Inputs<R['jobs']>

type Inputs<S extends Schemas> = { readonly [K in keyof S]: InputOf<S[K]> }
type Outputs<S extends Schemas> = { readonly [K in keyof S]: OutputOf<S[K]> }

/** The views of a set of fields. */
export type ViewsOf<F extends Fields> = { readonly [K in keyof F]: ViewOf<F[K]> }

/** The view of one field. */
export type ViewOf<F extends Field> = F extends TextField
  ? TextView
  : F extends RichTextField
    ? RichTextView
    : F extends ListField<infer E>
      ? ListView<ElementOf<E>, InitialOf<E>>
      : F extends MapField<infer E>
        ? E extends Field
          ? SharedMapView<ElementOf<E>, InitialOf<E>>
          : MapView<ElementOf<E>, InitialOf<E>>
        : F extends RecordField<infer C>
          ? RecordView<C>
          : F extends CounterField
            ? CounterView
            : F extends ValueField<infer S, infer D>
              ? ValueView<OutputOf<S> | Missing<D>, InputOf<S>>
              : never

/** A view per field, and what every record has. */
export type RecordView<C extends Fields> = Show<RecordMembers<C> & ViewsOf<C>>

interface RecordMembers<C extends Fields> {
  /** Sets plain values, all in one transaction; `undefined` leaves one as it is. Throws `invalid-input`. */
  set(
    values: Show<{
      -readonly [K in keyof C as C[K] extends ValueField ? K : never]?: C[K] extends ValueField<infer S>
        ? InputOf<S>
        : never
    }>,
  ): void
  /** Deep plain JSON. */
  toJSON(): JsonOfFields<C>
  /** Calls back after each transaction that changed the record or something in it. Returns the stop. */
  subscribe(listener: () => void): () => void
  readonly yjs: Y.Map<unknown>
}

/** What a list or map gives for an element: the plain value of a schema, the view of a field. */
export type ElementOf<E extends Element> = E extends Schema
  ? OutputOf<E>
  : E extends Field
    ? ViewOf<E>
    : never

/** The plain value that a list or map takes for an element. */
export type InitialOf<E extends Element | Field> = E extends Schema
  ? InputOf<E>
  : E extends TextField
    ? string
    : E extends RichTextField
      ? undefined
      : E extends ListField<infer I>
        ? InitialOf<I>[]
        : E extends MapField<infer I>
          ? { [key: string]: InitialOf<I> }
          : E extends RecordField<infer C>
            ? { [K in keyof C]?: InitialOf<C[K]> }
            : E extends CounterField
              ? number
              : E extends ValueField<infer S>
                ? InputOf<S>
                : never

/** The plain JSON of an element or field. */
export type JsonOf<E extends Element | Field> = E extends Schema
  ? OutputOf<E>
  : E extends TextField | RichTextField
    ? string
    : E extends ListField<infer I>
      ? JsonOf<I>[]
      : E extends MapField<infer I>
        ? { [key: string]: JsonOf<I> }
        : E extends RecordField<infer C>
          ? JsonOfFields<C>
          : E extends CounterField
            ? number
            : E extends ValueField<infer S, infer D>
              ? OutputOf<S> | Missing<D>
              : never

type JsonOfFields<C extends Fields> = Show<{ -readonly [K in keyof C]: JsonOf<C[K]> }>

/** A value without a default may be missing. */
type Missing<D> = D extends undefined ? undefined : never
