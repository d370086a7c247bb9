import { implement } from '@interplay/server'
import { counter, defineRoom, event, list, map, record, text, value } from '@interplay/shared'
import { parse, validate } from '@readme/openapi-parser'
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { scope, type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { boardRoom } from './board.ts'
import { startWorld, type World } from './world.ts'

const Tree = z.object({
  name: z.string().max(20),
  get children() {
    return z.array(Tree)
  },
})

const zod = defineRoom('zod/:kind/:id', {
  state: {
    title: text(),
    trees: map(Tree),
    nested: record({ done: value(z.boolean(), { default: false }), cards: list(record({ label: text() })) }),
    votes: counter(),
  },
  events: {
    plant: event(Tree, z.object({ count: z.number() })),
    pair: event(z.object({ first: Tree, second: Tree, $ref: z.string().default('#/a') })),
    date: event(z.object({ at: z.date() })),
    state: event(),
    'state.input': event(z.enum(['a', 'b'])),
  },
})
const { node } = scope({ node: { name: 'string < 20', 'child?': 'node' } }).export()
const arktype = defineRoom('ark', { events: { grow: event(node, type({ size: 'number.integer' })) } })
const valibot = defineRoom('val/:id', {
  events: {
    said: event(toStandardJsonSchema(v.object({ text: v.pipe(v.string(), v.maxLength(280)) }))),
    bare: event(v.object({ text: v.string() })),
  },
})
const twin = defineRoom('val/:other', { events: { never: event() } })

const handlers = () => 0 as never
const rooms = [
  implement(zod).on({
    plant: () => ({ count: 1 }),
    pair: handlers,
    date: handlers,
    state: handlers,
    'state.input': handlers,
  }),
  implement(arktype).on({ grow: ({ input }) => ({ size: input.name.length }) }),
  implement(valibot).on({ said: handlers, bare: handlers }),
  implement(twin).on({ never: handlers }),
  boardRoom,
]

// biome-ignore lint/suspicious/noExplicitAny: a document of another specification, read at many depths.
type Any = any

async function documentOf(world: World): Promise<Any> {
  const response = await fetch(`${world.http}/api/openapi.json`)
  expect(response.status).toBe(200)
  return response.json()
}

const hooks = { 'shop 1': { secret: 'whsec_c2VjcmV0', dispatch: () => null } }

test('the document is valid OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  await using world = await startWorld({ rooms, hooks })
  const document = await documentOf(world)
  expect(await validate(structuredClone(document))).toMatchObject({ valid: true, specification: 'OpenAPI' })
  expect(document.openapi).toBe('3.1.1')
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"(#[^"]*)"/g)].map(([, to]) => to!)
  expect(references.length).toBeGreaterThan(20)
  for (const to of references) {
    if (to === '#/a') continue
    const found = to
      .slice(2)
      .split('/')
      .reduce((part: Any, key) => part?.[key], document)
    expect(found, to).toBeDefined()
  }
  const operations = Object.values(document.paths).flatMap((item: Any) =>
    [item.get, item.post].filter(Boolean),
  )
  const ids = operations.map(({ operationId }: Any) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  await parse(document)
})

test('every event has a path, with what it takes and answers in any schema library', async () => {
  await using world = await startWorld({ rooms, hooks })
  const { paths, components } = await documentOf(world)
  expect(Object.keys(paths)).toContain('/hooks/shop%201')
  const { post } = paths['/api/rooms/zod%2F{kind}%2F{id}/events/plant']
  expect(post.parameters).toMatchObject([{ name: 'Idempotency-Key', in: 'header' }])
  expect(post.security ?? [{ bearer: [] }]).toEqual([{ bearer: [] }])
  expect(Object.keys(post.responses)).toEqual([
    '200',
    '400',
    '401',
    '403',
    '404',
    '409',
    '413',
    '422',
    '429',
    '499',
    '500',
    '503',
    '504',
  ])
  expect(components.responses.Error400.content['application/json'].schema.properties.error.allOf[1]).toEqual({
    properties: { code: { enum: ['invalid-input', 'malformed'] } },
  })
  const schemas = components.schemas
  const tree = schemas['zod_kind_id.plant.input']
  expect(tree.properties.name).toEqual({ type: 'string', maxLength: 20 })
  expect(tree.properties.children.items).toEqual({ $ref: '#/components/schemas/zod_kind_id.plant.input' })
  // A `$ref` that is a name is left alone, and so is one in a default.
  expect(schemas['zod_kind_id.pair.input'].properties.$ref).toEqual({ type: 'string', default: '#/a' })
  expect(schemas['val_id.said.input'].properties.text).toEqual({ type: 'string', maxLength: 280 })
  expect(schemas['ark.grow.output'].properties.size).toEqual({ type: 'integer' })
  // What a schema cannot say is open, and says so.
  expect(schemas['val_id.bare.input']).toEqual({ description: expect.stringContaining("'valibot'") })
  expect(schemas['zod_kind_id.date.input']).toEqual({ description: expect.stringContaining('Date') })
  expect(schemas.zod_kind_id_state.properties).toMatchObject({
    title: { type: 'string' },
    trees: {
      type: 'object',
      additionalProperties: { $ref: '#/components/schemas/zod_kind_id_state.trees' },
    },
    nested: {
      type: 'object',
      properties: { done: {}, cards: { type: 'array', items: { type: 'object' } } },
    },
    votes: { type: 'number' },
  })
  expect(Object.keys(paths).filter((path) => path.includes('never'))).toEqual([])
})

/** What a generated client does with a path: each parameter once through `encodeURIComponent`. */
function expand(path: string, params: Record<string, string>): string {
  return path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(params[name]!))
}

test('a client that knows nothing but the document reaches the room, whatever its parameters', async () => {
  await using world = await startWorld({ rooms })
  const { paths } = await documentOf(world)
  const path = '/api/rooms/board%2F{boardId}/events/score.add'
  const [parameter] = paths[path].parameters
  for (const boardId of ['q3', 'q3 plan', '100 %', 'Größe/*', '日本']) {
    const encoded = encodeURIComponent(boardId)
    expect(encoded).toMatch(new RegExp(parameter.schema.pattern))
    const url = world.http + expand(path, { boardId: encoded })
    for (let attempt = 0; attempt < 2; attempt++) {
      const response = await fetch(url, {
        method: 'POST',
        body: '{"by":2}',
        headers: { 'Idempotency-Key': 'one' },
      })
      expect(await response.json()).toEqual({ eventId: 'one', output: { score: 2 } })
    }
    const state = world.http + expand('/api/rooms/board%2F{boardId}', { boardId: encoded })
    expect(await (await fetch(state)).json()).toMatchObject({ score: 2 })
  }
  expect('a b').not.toMatch(new RegExp(parameter.schema.pattern))
})

test('[D1] the document follows the code that is in force', async () => {
  await using world = await startWorld({ rooms: [boardRoom] })
  world.server.replace([implement(arktype).on({ grow: () => ({ size: 1 }) })])
  const { paths } = await documentOf(world)
  expect(Object.keys(paths)).toContain('/api/rooms/ark/events/grow')
  expect(Object.keys(paths).some((path) => path.includes('board'))).toBe(false)
})
