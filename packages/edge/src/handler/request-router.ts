import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { Exchange, RequestHead } from '../http1/transport.ts';
import { matchHost } from '../routing/host-routing.ts';
import { brokenArtifact, internal } from '../error-pages/problems.ts';
import type { DomainGate, GateDecision } from './domain-gate.ts';
import { serve, type ServeDeps } from './serve.ts';
import type { RoutedRequest } from '../routing/routed-request.ts';
import {
  selectDeployment,
  requestedDeploymentId,
  type DeploymentTarget,
  type HostRoutes,
} from '../routing/skew-protection.ts';
import type { Sites } from '../routing/sites.ts';
import type { Responder } from './responder.ts';

export type RouterDeps = Readonly<{
  gate: DomainGate;
  routes: HostRoutes;
  sites: Sites;
  responder: Responder;
  now(): number;
}>;

/** Routes a request: host → route → deployment → site, then serves it. */
export class RequestRouter {
  readonly #deps: RouterDeps;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
  }

  route<E extends Exchange>(deps: ServeDeps<E>, exchange: E): void {
    const { gate, responder, routes } = this.#deps;
    try {
      const decision = gate.decide(exchange);
      if (decision !== undefined) return this.#decided(exchange, decision);
      const located = matchHost(exchange, routes);
      if (located.kind === 'problem')
        return responder.problem(exchange, located.problem, located.close ? ['connection', 'close'] : []);
      if (located.kind === 'redirect') return responder.redirect(exchange, 308, located.location, []);
      this.#selectAndOpen(exchange, located.route, (routed) => serve(deps, routed));
    } catch {
      // A defect here costs one response, not the worker.
      responder.problem(exchange, internal());
    }
  }

  #decided(exchange: Exchange, decision: GateDecision): void {
    const { responder } = this.#deps;
    if (decision.kind === 'problem') responder.problem(exchange, decision.problem);
    else if (decision.kind === 'redirect') responder.redirect(exchange, 308, decision.location, []);
    else responder.text(exchange, decision.text);
  }

  choose(
    route: HostRoute,
    query: string,
    headers: RequestHead['headers'],
  ): DeploymentTarget | Promise<DeploymentTarget> {
    const { now, sites } = this.#deps;
    const named = requestedDeploymentId(query, headers);
    const chosen = selectDeployment(route, named, now());
    return 'deploymentId' in chosen
      ? chosen
      : sites.named(chosen, named ?? '', route.projectId).then((found) => found ?? route);
  }

  /** Selects the deployment and opens its site: synchronously when the manifest is in memory. */
  #selectAndOpen<E extends Exchange>(exchange: E, route: HostRoute, then: (routed: RoutedRequest<E>) => void): void {
    const { target } = exchange;
    if (target === undefined) return;
    const chosen = this.choose(route, target.query, exchange.req.headers);
    if (chosen instanceof Promise)
      return void chosen
        .then((known) => this.#open(exchange, route, known, then))
        .catch(() => this.#deps.responder.problem(exchange, internal()));
    this.#open(exchange, route, chosen, then);
  }

  #open<E extends Exchange>(
    exchange: E,
    route: HostRoute,
    { deploymentId, artifact }: DeploymentTarget,
    then: (routed: RoutedRequest<E>) => void,
  ): void {
    const { responder, sites } = this.#deps;
    const { target } = exchange;
    if (target === undefined) return;
    exchange.deploymentId = deploymentId;
    const site = sites.get(artifact);
    if (site !== undefined) return this.#continue({ exchange, route, site, deploymentId, target }, then);
    void sites
      .load(artifact, route.projectId)
      .then((loaded) => {
        if (loaded.ok) return this.#continue({ exchange, route, site: loaded.value, deploymentId, target }, then);
        // The requested earlier deployment was removed: fall back to the current one.
        if (artifact !== route.artifact) return this.#open(exchange, route, route, then);
        return responder.problem(exchange, brokenArtifact(loaded.error), ['retry-after', '5']);
      })
      .catch(() => responder.problem(exchange, internal()));
  }

  /**
   * Redirects repeated slashes, except for servers that interpret them: files and Next.js have one spelling per path.
   */
  #continue<E extends Exchange>(routed: RoutedRequest<E>, then: (routed: RoutedRequest<E>) => void): void {
    const { exchange, site, target } = routed;
    if (target.collapsed !== undefined && !site.keepsRepeatedSlashes)
      return this.#deps.responder.redirect(exchange, 308, target.collapsed, []);
    then(routed);
  }
}
