import type { HostRoute } from '@anchor/core/ports/route-table.ts';
import type { Exchange, RequestHead } from './exchange.ts';
import { locate } from './locate.ts';
import { brokenArtifact, internal } from './pages/problems.ts';
import { serve, type ServeDeps, type Visit } from './serve.ts';
import { chooseDeployment, deploymentNamed, type Chosen } from './sites/host-routes.ts';
import type { State } from './state.ts';

/** Host → route → deployment → site: finds out what a request is for, and has it served. */
export class Visits {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  route<E extends Exchange>(deps: ServeDeps<E>, exchange: E): void {
    const { answers, routes } = this.#state;
    try {
      const located = locate(exchange, routes);
      if (located.kind === 'problem') return answers.problem(exchange, located.problem, located.close ? ['connection', 'close'] : []);
      if (located.kind === 'redirect') return answers.redirect(exchange, 308, located.location, []);
      this.#visit(exchange, located.route, (visit) => serve(deps, visit));
    } catch {
      // A defect here costs one answer, not the worker.
      answers.problem(exchange, internal());
    }
  }

  choose(route: HostRoute, query: string, headers: RequestHead['headers']): Chosen | Promise<Chosen> {
    const { options, sites } = this.#state;
    const named = deploymentNamed(query, headers);
    const chosen = chooseDeployment(route, named, options.clock.now());
    return 'deploymentId' in chosen ? chosen : sites.named(chosen, named ?? '').then((found) => found ?? route);
  }

  /** Chooses the deployment and has its site at hand: without waiting when it is parsed already. */
  #visit<E extends Exchange>(exchange: E, route: HostRoute, then: (visit: Visit<E>) => void): void {
    const { target } = exchange;
    if (target === undefined) return;
    const chosen = this.choose(route, target.query, exchange.req.headers);
    if (chosen instanceof Promise) return void chosen.then((known) => this.#open(exchange, route, known, then)).catch(() => this.#state.answers.problem(exchange, internal()));
    this.#open(exchange, route, chosen, then);
  }

  #open<E extends Exchange>(exchange: E, route: HostRoute, { deploymentId, artifact }: Chosen, then: (visit: Visit<E>) => void): void {
    const { answers, sites } = this.#state;
    const { target } = exchange;
    if (target === undefined) return;
    exchange.deploymentId = deploymentId;
    const site = sites.get(artifact);
    if (site !== undefined) return then({ exchange, route, site, deploymentId, target });
    void sites
      .load(artifact)
      .then((loaded) => {
        if (loaded.ok) return then({ exchange, route, site: loaded.value, deploymentId, target });
        // An old tab's deployment that was cleaned up: the current one is the better answer.
        if (artifact !== route.artifact) return this.#open(exchange, route, route, then);
        return answers.problem(exchange, brokenArtifact(loaded.error), ['retry-after', '5']);
      })
      .catch(() => answers.problem(exchange, internal()));
  }
}
