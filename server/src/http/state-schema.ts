import type { AnyRoom, Element, Field, Fields } from '@interplay/shared'
import type { JsonSchema, SchemaComponents } from './schema-components.ts'

/** What `GET /api/rooms/<room>` answers for a room of this definition. */
export function stateSchema({ state }: AnyRoom, name: string, components: SchemaComponents): JsonSchema {
  return components.add(name, ofFields(state, name, components))
}

function ofFields(fields: Fields, name: string, components: SchemaComponents): JsonSchema {
  const properties = Object.entries(fields).map(([key, field]) => [
    key,
    ofField(field, `${name}.${key}`, components),
  ])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

function ofField(field: Field, name: string, components: SchemaComponents): JsonSchema {
  switch (field.kind) {
    case 'text':
      return { type: 'string' }
    case 'richText':
      return { type: 'string', description: 'The document as XML.' }
    case 'counter':
      return { type: 'number' }
    case 'list':
      return { type: 'array', items: ofElement(field.element, name, components) }
    case 'map':
      return { type: 'object', additionalProperties: ofElement(field.element, name, components) }
    case 'record':
      return ofFields(field.fields, name, components)
    case 'value':
      return components.of(name, field.schema, 'output')
  }
}

function ofElement(element: Element, name: string, components: SchemaComponents): JsonSchema {
  return '~standard' in element ? components.of(name, element, 'output') : ofField(element, name, components)
}
