import { type AnyRoom, errorKind, errorStatus } from '@interplay/shared'
import { maxEventIdLength } from '@interplay/shared/protocol'
import { type JsonSchema, SchemaComponents } from './schema-components.ts'
import { stateSchema } from './state-schema.ts'
import { UniqueNames } from './unique-names.ts'

type Part = { readonly [key: string]: unknown }

/**
 * The HTTP surface as an OpenAPI 3.1 document: a path for each event of each definition. Made anew for each call, so that
 * it follows the code that is swapped in.
 */
export function openApi(definitions: readonly AnyRoom[], hooks: readonly string[]): Part {
  const names = new UniqueNames()
  const paths: Record<string, Part> = {}
  const components = new SchemaComponents()
  components.add('Error', errorSchema)
  const shapes = new Set<string>()
  for (const definition of definitions) {
    const shape = definition.pattern.replace(/:\w+/g, ':')
    // The first that matches a name has the room: the second of two alike has none.
    if (shapes.has(shape)) continue
    shapes.add(shape)
    const kind = names.take(definition.pattern.replace(/:/g, '').replace(/\W+/g, '_'))
    Object.assign(paths, roomPaths(definition, kind, components))
  }
  for (const hook of hooks) paths[`/hooks/${encodeURIComponent(hook)}`] = hookPath(names.take(`hook_${hook}`))
  return {
    openapi: '3.1.1',
    info: {
      title: 'Interplay',
      version: '1',
      description:
        "A room is one segment of a path: its name, percent-encoded. Where a pattern has a parameter, so has the path here; its value is the parameter as it stands in the room's name.",
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: components.all,
      responses: Object.fromEntries(statuses.map((status) => [`Error${status}`, errorResponse(status)])),
    },
  }
}

function roomPaths(definition: AnyRoom, kind: string, components: SchemaComponents): Record<string, Part> {
  const segments = definition.pattern.split('/')
  const room = segments.map((each) => (each.startsWith(':') ? `{${each.slice(1)}}` : each)).join('%2F')
  const parameters = segments
    .filter((each) => each.startsWith(':'))
    .map((each) => roomParameter(each.slice(1)))
  const at = (path: string, item: Part): [string, Part] => [
    `/api/rooms/${room}${path}`,
    { ...(parameters.length > 0 && { parameters }), ...item },
  ]
  const tags = [definition.pattern]
  const state = stateSchema(definition, `${kind}_state`, components)
  const events = Object.entries(definition.events).map(([event, { input, output }]) => {
    const name = `${kind}.${event}`
    const body = input && components.of(`${name}.input`, input, 'input')
    const answer = output ? components.of(`${name}.output`, output, 'output') : { type: 'null' }
    const reply = {
      type: 'object',
      properties: { eventId: { type: 'string' }, output: answer },
      required: ['eventId', 'output'],
    }
    const post = {
      operationId: name,
      tags,
      summary: `Dispatches '${event}'.`,
      parameters: [idempotencyKey],
      ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
      responses: { 200: json('Its effect is durable.', reply), ...errors },
    }
    return at(`/events/${event}`, { post })
  })
  return Object.fromEntries([
    at('', {
      get: {
        operationId: `${kind}_state`,
        tags,
        summary: 'The state as JSON.',
        responses: { 200: json('The state.', state), ...errors },
      },
    }),
    ...events,
    at('/events', {
      post: {
        operationId: `${kind}_events`,
        tags,
        summary: 'Dispatches the events of an NDJSON body, in their order.',
        requestBody: {
          required: true,
          description: 'A line for each event: { "id"?, "event", "input"? }.',
          content: { 'application/x-ndjson': { schema: { type: 'string' } } },
        },
        responses: {
          200: content('A line for each line, in their order.', 'application/x-ndjson'),
          ...errors,
        },
      },
    }),
    at('/live', {
      get: {
        operationId: `${kind}_live`,
        tags,
        summary: 'The state whenever it changes, and signals, as server-sent events.',
        parameters: [token],
        responses: { 200: content('Events `state` and `signal`.', 'text/event-stream'), ...errors },
      },
    }),
  ])
}

function hookPath(operationId: string): Part {
  const header = (name: string) => ({ name, in: 'header', required: true, schema: { type: 'string' } })
  return {
    post: {
      operationId,
      summary: 'Takes a webhook, signed as Standard Webhooks says.',
      security: [],
      parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(header),
      requestBody: { required: true, content: { 'application/json': { schema: { type: 'object' } } } },
      responses: {
        200: json('Its event is durable.', { type: 'object' }),
        204: { description: 'It stands for no event.' },
        ...errors,
      },
    },
  }
}

/** A text that `encodeURIComponent` makes: so it stands in a room's name, and a client encodes it once more for the path. */
function roomParameter(name: string): Part {
  return {
    name,
    in: 'path',
    required: true,
    description: `The parameter '${name}' of the room's name, percent-encoded as encodeURIComponent does it: letters, digits and -_.!~*'() are themselves. It is encoded like any path parameter on top of that.`,
    schema: { type: 'string', pattern: "^(?:[A-Za-z0-9_.!~*'()-]|%[0-9A-F]{2})+$" },
  }
}

const idempotencyKey: Part = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'The event id. Sent again with the same one, the event still runs once, and gets the same reply.',
  schema: { type: 'string', minLength: 1, maxLength: maxEventIdLength },
}

const token: Part = {
  name: 'token',
  in: 'query',
  description: 'The token, for those who cannot set a header, such as EventSource.',
  schema: { type: 'string' },
}

/** Statuses of the table of errors that a request can get. 426 is for WebSockets. */
const statuses = [...new Set<number>(Object.values(errorStatus)), 422]
  .filter((status) => status !== errorStatus.unsupported)
  .sort((one, other) => one - other)

const errors = Object.fromEntries(
  statuses.map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
)

const errorSchema: JsonSchema = {
  type: 'object',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    issues: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          path: { type: 'array', items: { type: ['string', 'number'] } },
          message: { type: 'string' },
        },
        required: ['path', 'message'],
      },
    },
    details: {},
  },
  required: ['code', 'message'],
}

function errorResponse(status: number): Part {
  const codes = Object.entries(errorStatus).flatMap(([code, http]) => (http === status ? [code] : []))
  const own = codes.length === 0
  const error = {
    allOf: [
      { $ref: '#/components/schemas/Error' },
      ...(own ? [] : [{ properties: { code: { enum: codes } } }]),
    ],
  }
  return {
    ...json(own ? "A code of the application's own." : `One of: ${codes.join(', ')}.`, {
      type: 'object',
      properties: { error },
      required: ['error'],
    }),
    ...(codes.some((code) => errorKind(code).retry) && {
      headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
    }),
  }
}

function json(description: string, schema: JsonSchema): Part {
  return content(description, 'application/json', schema)
}

function content(description: string, type: string, schema: JsonSchema = { type: 'string' }): Part {
  return { description, content: { [type]: { schema } } }
}
