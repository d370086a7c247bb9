import type { AnyRoom, Element, Field, Fields } from '@interplay/shared'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'

/** What `GET /api/rooms/<room>` answers for a room of this definition, for the place `at` in a document. */
export function stateSchema({ state }: AnyRoom, at: string): JsonSchema {
  return ofFields(state, at)
}

function ofFields(fields: Fields, at: string): JsonSchema {
  const properties = Object.entries(fields).map(([name, field]) => [
    name,
    ofField(field, `${at}/properties/${name}`),
  ])
  return { type: 'object', properties: Object.fromEntries(properties) }
}

function ofField(field: Field, at: string): JsonSchema {
  switch (field.kind) {
    case 'text':
      return { type: 'string' }
    case 'richText':
      return { type: 'string', description: 'The document as XML.' }
    case 'counter':
      return { type: 'number' }
    case 'list':
      return { type: 'array', items: ofElement(field.element, `${at}/items`) }
    case 'map':
      return { type: 'object', additionalProperties: ofElement(field.element, `${at}/additionalProperties`) }
    case 'record':
      return ofFields(field.fields, at)
    case 'value':
      return jsonSchemaOf(field.schema, 'output', at)
  }
}

function ofElement(element: Element, at: string): JsonSchema {
  return '~standard' in element ? jsonSchemaOf(element, 'output', at) : ofField(element, at)
}
