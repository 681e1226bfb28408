import type { Duplex } from 'node:stream';
import type { Asset, Part } from '../assets/asset.ts';
import { describe, keeperFor, type Keeper } from '../cache/keep.ts';
import type { Exchange, NodeExchange } from '../exchange.ts';
import { locate } from '../locate.ts';
import { brokenArtifact, internal, notFound } from '../pages/problems.ts';
import { serveInstead, type ServeDeps, type Visit } from '../serve.ts';
import type { State } from '../state.ts';
import type { Visits } from '../visits.ts';
import { Relay, type RelayDeps } from '../wire/relay.ts';
import type { WireExchange } from '../wire/reply.ts';
import { inParts } from './in-parts.ts';
import { proxy } from './proxy.ts';
import { upgrade } from './upgrade.ts';

/** How requests come from either way, node:http's and the edge's own, to functions, and their answers back. */
export class HandOver {
  readonly node: ServeDeps<NodeExchange>;
  readonly wire: ServeDeps<WireExchange>;
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
    const { answers, coder, kept, options, refresher, repeats, sender, sites, tags } = state;
    const both = {
      sites,
      tags,
      kept,
      now: () => options.clock.now(),
      compress: coder.want.bind(coder),
      refresh: refresher.refresh.bind(refresher),
      sender,
      problem: answers.problem,
      redirect: answers.redirect,
    };
    this.node = { ...both, toFunction: (visit) => this.#proxy(visit), inParts: (visit, shell, postponed) => this.#inParts(visit, shell, postponed, (whole) => this.#proxy(whole)) };
    this.wire = { ...both, sent: repeats.remember.bind(repeats), toFunction: (visit) => this.#relay(visit), inParts: (visit, shell, postponed) => this.#inPartsOnWire(visit, shell, postponed) };
  }

  #proxy(visit: Visit<NodeExchange>): void {
    const { answers, options, pools } = this.#state;
    const { exchange, site, deploymentId } = visit;
    void proxy(
      {
        pools,
        settings: options.settings,
        problem: answers.problem,
        finished: (done) => answers.finished(done),
        keeper: (status, rawHeaders) => this.#keeper(visit, status, rawHeaders),
        serveFile: (_, path, status, headers) => serveInstead(this.node, visit, path, status, headers),
      },
      { exchange, deploymentId, ownId: site.web.framework.deploymentId, believed: site.givesOrders, path: pathOf(visit), tokens: site.tokens },
    ).catch(() => answers.problem(exchange, internal()));
  }

  /** #proxy for a plain request. */
  #relay(visit: Visit<WireExchange>): void {
    const { answers, options, pools } = this.#state;
    const { exchange, site, deploymentId } = visit;
    const deps: RelayDeps = {
      pools,
      settings: options.settings,
      problem: answers.problem,
      finished: (done) => answers.finished(done),
      keeper: (status, rawHeaders) => this.#keeper(visit, status, rawHeaders),
      serveFile: (path, status, headers) => serveInstead(this.wire, visit, path, status, headers),
    };
    new Relay(deps, { exchange, deploymentId, ownId: site.web.framework.deploymentId, believed: site.givesOrders, path: pathOf(visit), tokens: site.tokens }).start();
  }

  #inParts<E extends Exchange>(visit: Visit<E>, shell: Asset, postponed: Part, toFunction: (visit: Visit<E>) => void): void {
    const { answers, options, pools, sender } = this.#state;
    const { exchange, site, deploymentId } = visit;
    void inParts(
      {
        pools,
        settings: options.settings,
        bytesOf: (part) => sender.bytes(part),
        toFunction: () => toFunction(visit),
        finished: (done) => answers.finished(done),
      },
      { exchange, deploymentId, path: pathOf(visit), tokens: site.tokens, shell, postponed },
    ).catch(() => answers.problem(exchange, internal()));
  }

  #inPartsOnWire(visit: Visit<WireExchange>, shell: Asset, postponed: Part): void {
    const { res } = visit.exchange;
    // Who only asks and does not wait for the answer can not be told from who has left.
    res.on('end', () => res.destroy());
    this.#inParts(visit, shell, postponed, (whole) => this.#relay(whole));
  }

  /** Takes a function's answer along where others may have it. */
  #keeper(visit: Visit, status: number, rawHeaders: readonly string[]): Keeper | undefined {
    const { refresher } = this.#state;
    return keeperFor({ ...this.node, sawPartial: (made) => refresher.refresh(visit, made, true) }, describe(visit), status, rawHeaders);
  }

  /** A connection that asks to become a WebSocket. */
  async tunnel(visits: Visits, exchange: NodeExchange, socket: Duplex, head: Buffer): Promise<void> {
    const { answers, options, pools, routes, sites } = this.#state;
    const { refuse } = answers;
    const { req } = exchange;
    const located = locate(exchange, routes);
    if (located.kind === 'problem') return refuse(exchange, socket, located.problem);
    const { target } = exchange;
    if (located.kind === 'redirect' || target === undefined) return refuse(exchange, socket, notFound(req.url ?? ''));
    const { deploymentId, artifact } = await visits.choose(located.route, target.query, req.headers);
    exchange.deploymentId = deploymentId;
    const loaded = await sites.load(artifact);
    if (!loaded.ok) return refuse(exchange, socket, brokenArtifact(loaded.error));
    if (!loaded.value.hasFunction) return refuse(exchange, socket, notFound(target.path));
    const finished = (done: Exchange, status: number): void => answers.finished(done, status);
    await upgrade({ pools, settings: options.settings, refuse, finished }, { exchange, deploymentId, path: pathOf({ target }), tokens: loaded.value.tokens }, socket, head);
  }
}

const pathOf = ({ target }: Pick<Visit, 'target'>): string => (target.query === '' ? target.path : `${target.path}?${target.query}`);
