import type { Schema } from '@interplay/shared'
import { UniqueNames } from './unique-names.ts'

/** A JSON Schema, draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** Standard JSON Schema, version 1: what a schema has whose library can say it in JSON. */
interface JsonSchemaConverter {
  readonly input: (options: { readonly target: string }) => JsonSchema
  readonly output: (options: { readonly target: string }) => JsonSchema
}

/** The schemas of an OpenAPI document, each under a name. */
export class SchemaComponents {
  readonly all: Record<string, JsonSchema> = {}
  readonly #names = new UniqueNames()

  /** Adds a schema as it is, and refers to it. */
  add(wanted: string, schema: JsonSchema): JsonSchema {
    const name = this.#names.take(wanted)
    this.all[name] = schema
    return { $ref: pointer(name) }
  }

  /**
   * Adds what a schema takes (`input`) or makes (`output`), and refers to it. One that cannot say it becomes one that
   * takes anything, and says so.
   */
  of(wanted: string, schema: Schema, side: 'input' | 'output'): JsonSchema {
    const standard: { readonly vendor: string; readonly jsonSchema?: JsonSchemaConverter } =
      schema['~standard']
    if (!standard.jsonSchema) {
      const reason = `the schema library '${standard.vendor}' offers no Standard JSON Schema`
      return this.add(wanted, anything(reason))
    }
    try {
      return this.#own(wanted, standard.jsonSchema[side]({ target: 'draft-2020-12' }))
    } catch (error) {
      return this.add(wanted, anything(error instanceof Error ? error.message : String(error)))
    }
  }

  /** `#` in its references is itself, and no longer the whole document; its definitions become components beside it. */
  #own(wanted: string, { $schema, $id, $defs = {}, ...schema }: JsonSchema): JsonSchema {
    const name = this.#names.take(wanted)
    const definitions = Object.entries($defs as Record<string, unknown>)
    const targets = new Map(
      definitions.map(([key]) => [`#/$defs/${key}`, pointer(this.#names.take(`${name}.${key}`))]),
    )
    const moved = (reference: string): string => {
      const definition = /^#\/\$defs\/[^/]+/.exec(reference)?.[0] ?? '#'
      return (targets.get(definition) ?? pointer(name)) + reference.slice(definition.length)
    }
    this.all[name] = withReferences(schema, moved) as JsonSchema
    for (const [key, definition] of definitions) {
      const at = targets.get(`#/$defs/${key}`)!.slice(pointer('').length)
      this.all[at] = withReferences(definition, moved) as JsonSchema
    }
    return { $ref: pointer(name) }
  }
}

function pointer(name: string): string {
  return `#/components/schemas/${name}`
}

function anything(reason: string): JsonSchema {
  return { description: `Not described: ${reason}. The server checks it all the same.` }
}

/** Keywords whose values are data, in which a `$ref` is a name like any other. */
const data: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'example', 'examples'])
/** Keywords whose values are schemas by name: the names are no keywords. */
const named: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas'])

function withReferences(schema: unknown, moved: (reference: string) => string): unknown {
  if (Array.isArray(schema)) return schema.map((each) => withReferences(each, moved))
  if (typeof schema !== 'object' || schema === null) return schema
  return mapValues(schema, (value, keyword) => {
    if (data.has(keyword)) return value
    if (keyword === '$ref' && typeof value === 'string') return value.startsWith('#') ? moved(value) : value
    if (named.has(keyword) && typeof value === 'object' && value !== null)
      return mapValues(value, (each) => withReferences(each, moved))
    return withReferences(value, moved)
  })
}

function mapValues(object: object, change: (value: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}
