import { isEndpoint, type Endpoint, type EndpointTree } from '../endpoints/endpoint.ts';
import { api, type Api } from '../endpoints/table.ts';
import { follow } from './follow.ts';
import { readResponse, send, type Connection, type Fetch } from './request.ts';
import type { CallOptions, ClientOf } from './types.ts';

/**
 * Nouns and verbs as in the endpoint table: `client.projects.list({ limit: 10 })`,
 * `client.deployments.logs.follow({ deployment })`.
 */
export type Client = ClientOf<Api>;
export type ClientSettings = Readonly<{ baseUrl: string; token?: string | undefined; fetch?: Fetch }>;

/**
 * Creates a typed client of the API at `baseUrl` (an origin, such as http://127.0.0.1:7400). No method throws: every
 * response is an ApiResult.
 */
export function createClient(settings: ClientSettings): Client {
  const connection: Connection = {
    baseUrl: settings.baseUrl,
    fetch: settings.fetch ?? ((url, init) => fetch(url, init)),
    ...(settings.token === undefined ? {} : { token: settings.token }),
  };
  return build(connection, api) as Client; // `build` maps each endpoint to a call, as ClientOf maps its type
}

function build(connection: Connection, tree: EndpointTree): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(tree).map(([name, node]) => [
      name,
      isEndpoint(node) ? call(connection, node) : build(connection, node),
    ]),
  );
}

type Flat = Readonly<Record<string, unknown>>;
const call =
  (connection: Connection, endpoint: Endpoint) =>
  (input: Flat = {}, options: CallOptions = {}) =>
    endpoint.stream === 'events'
      ? follow(connection, endpoint, input, options)
      : once(connection, endpoint, input, options);

async function once(connection: Connection, endpoint: Endpoint, input: Flat, options: CallOptions) {
  const response = await send(connection, endpoint, input, options);
  return response.ok ? readResponse(endpoint, response.value) : response;
}
