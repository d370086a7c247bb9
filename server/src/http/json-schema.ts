import type { Schema } from '@interplay/shared'

/** A JSON Schema, draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** Standard JSON Schema, version 1: what a schema has whose library can say it in JSON. */
interface JsonSchemaConverter {
  readonly input: (options: { readonly target: string }) => JsonSchema
  readonly output: (options: { readonly target: string }) => JsonSchema
}

/**
 * What a schema takes (`input`) or makes (`output`), as JSON Schema for the place `at` (a JSON pointer) in a document. A
 * schema that cannot say it becomes one that takes anything, and says so.
 */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output', at: string): JsonSchema {
  const standard: { readonly vendor: string; readonly jsonSchema?: JsonSchemaConverter } = schema['~standard']
  if (!standard.jsonSchema)
    return anything(`the schema library '${standard.vendor}' offers no Standard JSON Schema`)
  try {
    const { $schema, $id, ...rest } = standard.jsonSchema[side]({ target: 'draft-2020-12' })
    return moved(rest, at) as JsonSchema
  } catch (error) {
    return anything(error instanceof Error ? error.message : String(error))
  }
}

function anything(reason: string): JsonSchema {
  return { description: `Not described: ${reason}. The server checks it all the same.` }
}

/** Keywords whose values are data, in which a `$ref` is a name like any other. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'example', 'examples'])
/** Keywords whose values are schemas by name: the names are no keywords. */
const named: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
])

/** A schema at another place: `#` in its references is the document's root now, and no longer its own. */
function moved(schema: unknown, at: string): unknown {
  if (Array.isArray(schema)) return schema.map((each) => moved(each, at))
  if (typeof schema !== 'object' || schema === null) return schema
  return mapValues(schema, (value, keyword) => {
    if (data.has(keyword)) return value
    if (keyword === '$ref' && typeof value === 'string') return value.replace(/^#/, at)
    if (named.has(keyword) && typeof value === 'object' && value !== null)
      return mapValues(value, (each) => moved(each, at))
    return moved(value, at)
  })
}

function mapValues(object: object, change: (value: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
