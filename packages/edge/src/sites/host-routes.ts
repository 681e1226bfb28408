import { parseHostName, type HostName } from '@anchor/core/names/name.ts';
import type { DeploymentId } from '@anchor/core/names/id.ts';
import type { HostRoute, RouteTable } from '@anchor/core/ports/route-table.ts';
import { cookieValue } from '../http/headers.ts';
import type { IncomingMessage } from 'node:http';

export type Chosen = Readonly<{ deploymentId: DeploymentId; artifact: string }>;

/** What Next lets an app choose, and none of ours. */
const OWN_ID = /^(?!dpl_)[A-Za-z0-9_-]{1,64}$/;
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
 * Which deployment of the host answers: the one its alias points at, or an earlier one that the visitor's page belongs
 * to (`?dpl=`, `x-deployment-id`, cookie `__anchor_dpl`) while its time lasts. Only deployments of this host's own
 * history are ever chosen. An array: the page names its deployment by an id of the app's own choice, which only the
 * artifacts know; the one that has it is to be chosen, else the current one.
 */
export function chooseDeployment(route: HostRoute, named: string | undefined, now: number): Chosen | readonly Chosen[] {
  if (named === undefined || named === route.deploymentId) return route;
  const { earlier } = route;
  if (earlier.length === 0) return route;
  const reachable = earlier.filter(({ until }) => until > now);
  if (OWN_ID.test(named) && reachable.length > 0) return [route, ...reachable];
  return reachable.find(({ deploymentId }) => deploymentId === named) ?? route;
}

/** The deployment that the visitor's page belongs to, as the page says: in the query, a header or a cookie, in this order. */
export function deploymentNamed(query: string, headers: IncomingMessage['headers']): string | undefined {
  if (query !== '' && query.includes('dpl=')) {
    const match = /(?:^|&)dpl=([A-Za-z0-9_-]{1,64})(?:&|$)/.exec(query);
    if (match !== null) return match[1];
  }
  const header = headers['x-deployment-id'];
  if (typeof header === 'string') return header;
  return cookieValue(headers.cookie, '__anchor_dpl');
}
