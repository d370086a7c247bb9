export {
  type ErrorBody,
  type ErrorCode,
  type ErrorKind,
  errorKind,
  errorStatus,
  InterplayError,
  type Issue,
  isErrorCode,
} from './error.ts'
export type {
  CounterField,
  Element,
  Field,
  Fields,
  ListField,
  MapField,
  RecordField,
  RichTextField,
  SharedField,
  TextField,
  ValueField,
  Writers,
} from './field.ts'
export { counter, type FieldOptions, list, map, record, richText, text, value } from './fields.ts'
export type {
  ElementOf,
  EventInput,
  EventName,
  EventOutput,
  EventParsed,
  EventResult,
  InitialOf,
  JobInput,
  JobsOf,
  JsonOf,
  LiveInput,
  LiveInputOf,
  LiveOf,
  LiveOutputOf,
  ParamsOf,
  PresenceInput,
  PresenceOf,
  RecordView,
  SignalInput,
  SignalsOf,
  StateJson,
  StateOf,
  ViewOf,
  ViewsOf,
} from './infer.ts'
export {
  type Interest,
  type LiveDefinitions,
  type LiveElement,
  type LiveMap,
  type LiveOptions,
  type LiveValue,
  live,
  liveContract,
  liveMap,
} from './live/definition.ts'
export { matchRoom, roomName } from './path.ts'
export { type PlainReader, plainReader } from './plain.ts'
export {
  type AnyRoom,
  defineRoom,
  type EventDefinition,
  type EventDefinitions,
  type EventOptions,
  event,
  type RoomDefinition,
  type RoomShape,
  restrictedRoots,
  type Schemas,
} from './room.ts'
export { createState, type StateOptions } from './state.ts'
export { type InputOf, type OutputOf, type Schema, validate, validateSync } from './validate.ts'
export { type CounterView, sumOfParts } from './views/counter-view.ts'
export type { ListView } from './views/list-view.ts'
export type { Change, MapView, SharedMapView } from './views/map-view.ts'
export type { RichTextView } from './views/rich-text-view.ts'
export type { DeltaOperation, TextView } from './views/text-view.ts'
export type { ValueView } from './views/value-view.ts'
