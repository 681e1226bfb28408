import { isEndpoint, type Endpoint, type EndpointTree } from '../endpoints/endpoint.ts';
import { operationOf } from '../endpoints/operation.ts';
import { api, type Api } from '../endpoints/table.ts';
import { problemSchema } from '../schemas/problem.ts';
import { callFunction } from './call.ts';
import { invalidResponse, type Connection, type Fetch } from './request.ts';
import { failure, success, type ApiResult } from './result.ts';
import type { ClientOf } from './types.ts';

/**
 * Nouns and verbs as in the endpoint table: `client.projects.list({ limit: 10 })`,
 * `client.deployments.logs.follow({ deployment })`.
 */
export type Client = ClientOf<Api>;
export type ClientSettings = Readonly<{ baseUrl: string; token?: string | undefined; fetch?: Fetch }>;

/**
 * Creates a typed client of the API at `baseUrl` (an origin, such as http://127.0.0.1:7400), which checks every
 * response against its schema. No method throws: every response is an ApiResult. Browsers have `createBrowserClient`.
 */
export function createClient(settings: ClientSettings): Client {
  const connection: Connection = {
    baseUrl: settings.baseUrl,
    fetch: settings.fetch ?? ((url, init) => fetch(url, init)),
    readProblem: (json) => problemSchema.safeParse(json).data,
    ...(settings.token === undefined ? {} : { token: settings.token }),
  };
  return build(connection, api) as Client; // `build` maps each endpoint to a call, as ClientOf maps its type
}

function build(connection: Connection, tree: EndpointTree): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(tree).map(([name, node]) => [
      name,
      isEndpoint(node)
        ? callFunction(connection, { operation: operationOf(node), read: (json) => checked(node, json) })
        : build(connection, node),
    ]),
  );
}

function checked(endpoint: Endpoint, json: unknown): ApiResult<unknown> {
  const parsed = endpoint.response?.safeParse(json);
  return parsed?.success === true
    ? success(parsed.data)
    : failure(invalidResponse(endpoint.status, parsed?.error.issues[0]?.message));
}
