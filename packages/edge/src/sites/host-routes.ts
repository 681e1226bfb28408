import { parseHostName, type HostName } from '@anchor/core/names/name.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute, RouteTable } from '@anchor/core/ports/route-table.ts';
import { cookieValue } from '../http/headers.ts';
import type { IncomingMessage } from 'node:http';

export type Chosen = Readonly<{ deploymentId: DeploymentId; artifact: string }>;

const MAX_HOSTS = 20_000;
const REFRESH_EVERY_MS = 10;

/** Host headers → routes. Spellings are parsed once; a host that nobody knows makes the table look again, at most every 10 ms. */
export class HostRoutes {
  readonly #routes: RouteTable;
  readonly #names = new Map<string, HostName | undefined>();
  #refreshedAt = -Infinity;

  constructor(routes: RouteTable) {
    this.#routes = routes;
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
 * Which deployment of the host answers: the one its alias points at, or an earlier one that the visitor's page belongs
 * to (`?dpl=`, `x-deployment-id`, cookie `__anchor_dpl`). Only deployments of this host's own history are ever chosen.
 */
export function chooseDeployment(route: HostRoute, query: string, headers: IncomingMessage['headers']): Chosen {
  if (route.earlier.length === 0) return route;
  const named = askedFor(query, headers);
  if (named === undefined || named === route.deploymentId) return route;
  return route.earlier.find((earlier) => earlier.deploymentId === named) ?? route;
}

function askedFor(query: string, headers: IncomingMessage['headers']): string | undefined {
  if (query !== '' && query.includes('dpl=')) {
    const match = /(?:^|&)dpl=(dpl_[0-9a-z]{20})(?:&|$)/.exec(query);
    if (match !== null) return match[1];
  }
  const header = headers['x-deployment-id'];
  if (typeof header === 'string') return header;
  return cookieValue(headers.cookie, '__anchor_dpl');
}
