import { InterplayError } from '@interplay/shared'
import { badReply } from './failure.ts'
import type { Operation, OperationPath } from './operation.ts'
import { fieldOf, type KnownView, knownView } from './view-kind.ts'

/** Where a path leads: to a field of the state or of a record, an entry of a map, or an item of a list. */
type Place =
  | { readonly at: 'field'; readonly view: unknown }
  | { readonly at: 'entry'; readonly map: View<'map'>; readonly key: string }
  | { readonly at: 'item'; readonly list: View<'list'>; readonly index: number }

type Kind = KnownView['kind']
type View<K extends Kind> = Extract<KnownView, { kind: K }>['view']

/** Why an operation cannot be done. */
class Misfit extends Error {}

/**
 * Does all operations, in order, through the views of a state, so that its schemas check every value. Throws at the first
 * one that does not fit; those before it are done then: the state must be a draft that is thrown away.
 */
export function applyOperations(state: object, operations: readonly Operation[]): void {
  for (const [index, operation] of operations.entries()) {
    try {
      apply(operation, locate(state, operation.path))
    } catch (cause) {
      throw refusal(index, operation, cause)
    }
  }
}

function refusal(index: number, { op, path }: Operation, cause: unknown): InterplayError {
  const fault = cause instanceof Error ? cause.message : String(cause)
  const issues = cause instanceof InterplayError ? cause.issues : []
  return badReply(`operation ${index} ('${op}'): ${fault}`, { operation: index, path }, { cause, issues })
}

function apply(operation: Operation, place: Place): void {
  switch (operation.op) {
    case 'set':
      return set(place, operation.value)
    case 'update':
      return update(place, operation.value)
    case 'delete':
      return remove(place, operation.count)
    case 'insert':
      return view(place, 'list').insert(operation.index, ...operation.values)
    case 'push':
      return view(place, 'list').push(...operation.values)
    case 'move':
      return view(place, 'list').move(operation.from, operation.to)
    case 'add':
      return view(place, 'counter').add(operation.amount)
    case 'appendText': {
      const text = view(place, 'text')
      return text.insert(text.length, operation.text)
    }
    case 'insertText':
      return view(place, 'text').insert(operation.index, operation.text)
    case 'deleteText':
      return view(place, 'text').delete(operation.index, operation.length)
    case 'replaceText':
      return view(place, 'text').replace(operation.text)
  }
}

function set(place: Place, value: unknown): void {
  switch (place.at) {
    case 'entry':
      return place.map.set(place.key, value)
    case 'item':
      place.list.delete(place.index)
      return place.list.insert(place.index, value)
    case 'field':
      return view(place, 'value').set(value)
  }
}

function update(place: Place, values: Readonly<Record<string, unknown>>): void {
  const found = contentOf(place)
  if (place.at !== 'entry' || knownView(found)) return view(place, 'record').set(values)
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new Misfit('there is no object to update')
  place.map.set(place.key, { ...found, ...values })
}

function remove(place: Place, count: number): void {
  if (place.at === 'item') return place.list.delete(place.index, count)
  if (count !== 1) throw new Misfit("only items of a list have a 'count'")
  if (place.at === 'entry') place.map.delete(place.key)
  else view(place, 'value').delete()
}

function locate(state: object, [field, ...steps]: OperationPath): Place {
  // A field's name comes from outside: what the state inherits is no field.
  if (typeof field !== 'string' || !Object.hasOwn(state, field))
    throw new Misfit(`the state has no field ${JSON.stringify(field)}`)
  let place: Place = { at: 'field', view: (state as Record<string, unknown>)[field] }
  for (const step of steps) place = into(place, step)
  return place
}

function into(place: Place, step: string | number): Place {
  const known = knownView(contentOf(place))
  const name = JSON.stringify(step)
  if (known?.kind === 'map' && typeof step === 'string') return { at: 'entry', map: known.view, key: step }
  if (known?.kind === 'list' && typeof step === 'number') {
    if (step >= 0 && step < known.view.length) return { at: 'item', list: known.view, index: step }
    throw new Misfit(`${name} is outside the list of ${known.view.length}`)
  }
  if (known?.kind === 'record' && typeof step === 'string') {
    const field = fieldOf(known.view, step)
    if (field !== undefined) return { at: 'field', view: field }
  }
  throw new Misfit(`there is no ${name} in ${nameOf(known)}`)
}

/** What is at a place: a view, a plain value, or nothing. */
function contentOf(place: Place): unknown {
  if (place.at === 'field') return place.view
  return place.at === 'entry' ? place.map.get(place.key) : place.list.get(place.index)
}

/** The view at a place, which must be of this kind. */
function view<K extends Kind>(place: Place, kind: K): View<K> {
  const known = knownView(contentOf(place))
  if (known?.kind === kind) return known.view as View<K>
  throw new Misfit(`it needs a ${kind}, and there is ${nameOf(known)}`)
}

function nameOf(known: KnownView | null): string {
  return known ? `a ${known.kind}` : 'a plain value or nothing'
}
