import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { isEndpoint, type Endpoint, type EndpointTree } from '@anchor/client/endpoints/endpoint.ts';
import { api } from '@anchor/client/endpoints/table.ts';
import { anchorError } from '@anchor/core/result/result.ts';
import type { ServerContext } from '../context.ts';
import { handlers } from './handlers/handlers.ts';
import { problem, route, type AnyHandler, type Context } from './route.ts';

type Served = Readonly<{ endpoint: Endpoint; serve: (context: Context) => Promise<Response> }>;

/** Creates the API as a hono application, with one route per endpoint of the table. `served`: their handlers. */
export function apiApp(
  server: ServerContext,
  served: HandlerTree = handlers(server),
): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  const byRoute = new Map<string, Served[]>();
  for (const [name, endpoint, handler] of rows(api, served)) {
    const key = `${endpoint.method} ${endpoint.path}`;
    byRoute.set(key, [...(byRoute.get(key) ?? []), { endpoint, serve: route(server, name, endpoint, handler) }]);
  }
  for (const endpoints of byRoute.values()) {
    const first = endpoints[0];
    if (first === undefined) continue;
    app.on(first.endpoint.method, first.endpoint.path.replace(/\{(\w+)\}/g, ':$1'), (context) =>
      choose(endpoints, context).serve(context),
    );
  }
  app.notFound((context) =>
    problem(
      anchorError(
        'not_found',
        `There is nothing at ${context.req.method} ${new URL(context.req.url).pathname.slice(0, 200)}`,
        'GET /api/openapi.json lists every endpoint.',
      ),
      randomUUID(),
    ),
  );
  app.onError((error) => {
    const requestId = randomUUID();
    server.log({ level: 'error', message: 'a request failed', requestId, error: error.stack ?? String(error) });
    return problem(
      anchorError(
        'internal',
        'Internal error of the platform',
        `Retry; if it fails again, search the server log for ${requestId}.`,
      ),
      requestId,
    );
  });
  return app;
}

/** Chooses an endpoint: two may share a path, of which one returns JSON, the other events. */
function choose(served: readonly Served[], context: Context): Served {
  const wantsEvents =
    served.length > 1 &&
    (/text\/event-stream/i.test(context.req.header('accept') ?? '') ||
      /^(?:1|true|)$/.test(context.req.query('follow') ?? '0'));
  const chosen = served.find(({ endpoint }) => (endpoint.stream === 'events') === wantsEvents) ?? served[0];
  if (chosen === undefined) throw new Error('a route has at least one endpoint');
  return chosen;
}

type HandlerTree = Readonly<{ [name: string]: unknown }>;
/** Walks the table and the handlers side by side; HandlersOf has checked that they match. */
function rows(
  tree: EndpointTree,
  served: HandlerTree,
  prefix = '',
): readonly (readonly [name: string, endpoint: Endpoint, handler: AnyHandler])[] {
  return Object.entries(tree).flatMap(([key, node]) => {
    const handler = served[key];
    return isEndpoint(node)
      ? [[prefix + key, node, handler as AnyHandler] as const]
      : rows(node, handler as HandlerTree, `${prefix}${key}.`);
  });
}
