import { z } from 'zod';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { problemSchema, type ProblemCode } from '../schemas/problem.ts';
import { statusOf } from '../schemas/status-of.ts';

export type OpenApi = Readonly<{
  openapi: '3.1.0';
  info: object;
  servers: readonly object[];
  tags: readonly object[];
  paths: Record<string, Record<string, Operation>>;
  components: object;
  security: readonly object[];
}>;
type Json = Record<string, unknown>;
type Operation = {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: Json[];
  requestBody?: Json;
  responses: Record<string, Json>;
  security?: Json[];
  [extension: `x-${string}`]: unknown;
};
type Components = Record<string, unknown>;

/** Problems that every endpoint may return. */
const COMMON: readonly ProblemCode[] = ['invalid_input', 'unauthenticated', 'forbidden', 'rate_limited', 'internal'];

const BODY: readonly ProblemCode[] = ['malformed_body', 'too_large'];

/** Generates OpenAPI 3.1 for the endpoint list, from the same schemas that validate requests. */
export function openApi(
  endpoints: readonly (readonly [name: string, endpoint: Endpoint])[],
  info: Readonly<{ version: string; server: string }>,
): OpenApi {
  const components: Components = {};
  const paths: OpenApi['paths'] = {};
  for (const [name, endpoint] of endpoints) {
    const item = (paths[endpoint.path] ??= {});
    const method = endpoint.method.toLowerCase();
    const operation = operationOf(name, endpoint, components);
    const before = item[method];
    item[method] = before === undefined ? operation : merged(before, operation);
  }
  const tags = [...new Set(endpoints.map(([name]) => tagOf(name)))].map((name) => ({ name }));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Anchor Deploy',
      version: info.version,
      description: 'Deploy Next.js sites and the services around them.',
    },
    servers: [{ url: info.server }],
    tags,
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token, `anc_…`. Its scope is admin, deploy or read. Or a session of the command line, `ans_…`.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'anchor_session_…',
          description:
            'Set by POST /api/sessions. Changes need the header Origin or Sec-Fetch-Site of the platform itself.',
        },
      },
    },
    security: [{ token: [] }, { session: [] }],
  };
}

const tagOf = (name: string): string => name.slice(0, name.indexOf('.'));

function operationOf(name: string, endpoint: Endpoint, components: Components): Operation {
  const operation: Operation = {
    operationId: name,
    summary: endpoint.summary,
    tags: [tagOf(name)],
    responses: {},
    'x-scope': endpoint.scope,
  };
  const parameters = [
    ...parametersOf(endpoint.params, 'path', components),
    ...parametersOf(endpoint.query, 'query', components),
    ...headersOf(endpoint),
  ];
  if (parameters.length > 0) operation.parameters = parameters;
  if (endpoint.stream === 'upload')
    operation.requestBody = {
      required: true,
      content: { [endpoint.mediaType ?? 'application/octet-stream']: { schema: { type: 'string', format: 'binary' } } },
    };
  else if (endpoint.body !== undefined)
    operation.requestBody = {
      required: true,
      content: { 'application/json': { schema: schemaOf(endpoint.body, 'input', components) } },
    };
  operation.responses[String(endpoint.status)] = responseOf(endpoint, components);
  const problem = { 'application/problem+json': { schema: schemaOf(problemSchema, 'output', components) } };
  const common = endpoint.scope === 'none' ? (['internal'] as const) : COMMON;
  const codes = new Set([...common, ...(endpoint.body === undefined ? [] : BODY), ...endpoint.errors]);
  for (const code of codes) {
    const status = String(statusOf(code));
    const before = operation.responses[status]?.['description'];
    operation.responses[status] = {
      description: typeof before === 'string' && before !== code ? `${before}, ${code}` : code,
      content: problem,
    };
  }
  if (endpoint.scope === 'none') operation.security = [];
  return operation;
}

function responseOf(endpoint: Endpoint, components: Components): Json {
  if (endpoint.stream === 'download')
    return {
      description: 'Bytes',
      content: { [endpoint.mediaType ?? 'application/octet-stream']: { schema: { type: 'string', format: 'binary' } } },
    };
  if (endpoint.response === undefined) return { description: 'Done' };
  const schema = schemaOf(endpoint.response, 'output', components);
  return endpoint.stream === 'events'
    ? {
        description: 'Events, each with `data` as this schema',
        content: {
          'text/event-stream': {
            schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schema },
          },
        },
      }
    : { description: 'Success', content: { 'application/json': { schema } } };
}

function parametersOf(object: z.ZodObject | undefined, location: 'path' | 'query', components: Components): Json[] {
  if (object === undefined) return [];
  const schema = schemaOf(object, 'input', components);
  const properties = (schema['properties'] ?? {}) as Record<string, Json>;
  const required = (schema['required'] ?? []) as string[];
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: location,
    required: location === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

const HEADERS = {
  idempotency: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description: 'Makes retries idempotent: for 24 hours the same key with the same body returns the first response.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The expected version, in quotes; 409 when the version has changed.',
    schema: { type: 'string', pattern: '^"[0-9]+"$' },
  },
  lastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    required: false,
    description: 'Continue after this event.',
    schema: { type: 'string' },
  },
} satisfies Record<string, Json>;

const headersOf = (endpoint: Endpoint): Json[] => [
  ...(endpoint.method === 'POST' && endpoint.stream === undefined ? [HEADERS.idempotency] : []),
  ...(endpoint.conditional === true ? [HEADERS.ifMatch] : []),
  ...(endpoint.stream === 'events' ? [HEADERS.lastEventId] : []),
];

/** Merges two operations: one path and method may respond in two media types (JSON or events). */
function merged(first: Operation, second: Operation): Operation {
  const names = new Set((first.parameters ?? []).map((parameter) => parameter['name']));
  const parameters = [
    ...(first.parameters ?? []),
    ...(second.parameters ?? []).filter((parameter) => !names.has(parameter['name'])),
  ];
  const responses = { ...first.responses };
  for (const [status, response] of Object.entries(second.responses)) {
    const before = responses[status];
    responses[status] =
      before === undefined
        ? response
        : {
            ...before,
            content: { ...(before['content'] as Json | undefined), ...(response['content'] as Json | undefined) },
          };
  }
  return { ...first, summary: `${first.summary}. ${second.summary}`, parameters, responses };
}

/** Returns the JSON Schema of a zod schema. Named ones (`meta({ id })`) are added to the components and referenced. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const {
    $schema: _,
    $defs,
    ...rest
  } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' }) as Json;
  for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, Json>))
    components[id] = relocated(withoutId(definition));
  const own = relocated(withoutId(rest)) as Json;
  if (typeof rest['id'] === 'string') {
    components[rest['id']] = own;
    return { $ref: `#/components/schemas/${rest['id']}` };
  }
  return own;
}

const withoutId = (schema: Json): Json =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id' && key !== '$id'));

function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? item.replace('#/$defs/', '#/components/schemas/') : relocated(item),
    ]),
  );
}
