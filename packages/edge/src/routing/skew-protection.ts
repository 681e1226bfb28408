import { parseHostName, type HostName } from '@anchor/core/names/name.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute, RouteTable } from '@anchor/core/ports/route-table.ts';
import { cookieValue } from '@anchor/protocol/cookies.ts';
import type { IncomingMessage } from 'node:http';

export type DeploymentTarget = Readonly<{ deploymentId: DeploymentId; artifact: string }>;

/** Ids that Next lets an app choose, and none of ours. */
const CUSTOM_ID = /^(?!dpl_)[A-Za-z0-9_-]{1,64}$/;
const MAX_HOSTS = 20_000;
const REFRESH_EVERY_MS = 10;

/**
 * Maps host headers to routes. Spellings are parsed once. An unknown host triggers a reload of the table, at most every
 * 10 ms.
 */
export class HostRoutes {
  readonly #routes: RouteTable;
  readonly #names = new Map<string, HostName | undefined>();
  #refreshedAt = -Infinity;

  constructor(routes: RouteTable) {
    this.#routes = routes;
  }

  /** While it stays the same, every host has the very route that it had. */
  get generation(): number {
    return this.#routes.generation();
  }

  find(header: string): HostRoute | undefined {
    let name = this.#names.get(header);
    if (name === undefined && !this.#names.has(header)) {
      const parsed = parseHostName(header);
      name = parsed.ok ? parsed.value : undefined;
      if (this.#names.size >= MAX_HOSTS) this.#names.clear();
      if (header.length <= 260) this.#names.set(header, name);
    }
    if (name === undefined) return undefined;
    const route = this.#routes.lookup(name);
    if (route !== undefined) return route;
    const now = performance.now();
    if (now - this.#refreshedAt < REFRESH_EVERY_MS) return undefined;
    this.#refreshedAt = now;
    this.#routes.refresh();
    return this.#routes.lookup(name);
  }
}

/**
 * Selects the deployment that serves a request: the one its host's alias points at, or an earlier one that the client's
 * page belongs to (`?dpl=`, `x-deployment-id`, cookie `__anchor_dpl`) until it expires. Only deployments of this host's
 * own history are ever selected. Returns an array when the page names its deployment by an id of the app's own choice,
 * which only the artifacts know. The caller then selects the one that has the id, else the current one.
 */
export function selectDeployment(
  route: HostRoute,
  named: string | undefined,
  now: number,
): DeploymentTarget | readonly DeploymentTarget[] {
  if (named === undefined || named === route.deploymentId) return route;
  const { previous } = route;
  if (previous.length === 0) return route;
  const reachable = previous.filter(({ until }) => until > now);
  if (CUSTOM_ID.test(named) && reachable.length > 0) return [route, ...reachable];
  return reachable.find(({ deploymentId }) => deploymentId === named) ?? route;
}

/**
 * Returns the deployment that the client's page belongs to, as the request names it: in the query, a header or a
 * cookie, in this order.
 */
export function requestedDeploymentId(query: string, headers: IncomingMessage['headers']): string | undefined {
  if (query !== '' && query.includes('dpl=')) {
    const match = /(?:^|&)dpl=([A-Za-z0-9_-]{1,64})(?:&|$)/.exec(query);
    if (match !== null) return match[1];
  }
  const header = headers['x-deployment-id'];
  if (typeof header === 'string') return header;
  return cookieValue(headers.cookie, '__anchor_dpl');
}
